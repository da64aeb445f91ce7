"""Values that somebody may type, paste or send to do harm: of every kind, and as many more as a test asks for, drawn
from a seed, so that a failure can be met again."""

from __future__ import annotations

import random
from typing import Any

CANARY = "cAnArY7"
"""Stands in the texts that must not come back as markup."""

TEXTS: dict[str, tuple[str, ...]] = {
    "empty": ("", " ", "\t", "\n\n", "\u00a0", "\u200b", "\ufeff"),
    "huge": ("x" * 10_000, "9" * 5_000, "a b " * 2_000, "(" * 3_000, "\u0301" * 2_000, "<i>" * 1_500),
    "control": ("\x00", "a\x00b", "\x07\x1b[31m", "\x7f", "\u0085", "\u2028", "a\r\nSet-Cookie: x=1", "\x1a"),
    "unicode": (
        "\u202eevil",
        "ﬁ①Ⅷ",
        "٣",
        "-1",
        "１２３",
        "e\u0301" * 9,
        "👩‍👩‍👧",
        "İ",
        "ß",
        "\ufffd",
        "\U0010ffff",
        "0.001\u0338",
    ),
    "numbers": (
        *("nan", "-nan", "inf", "-inf", "Infinity", "1e999", "-1e999", "1e-400", "-0", "-0.0", "+1", "1_000", "0x10"),
        *("0b1", "1e3", "1,5", "1.5.5", "--1", ".", "1e", "1/3", "99999999999999999999", "-1", "0.30000000000000004"),
    ),
    "types": ("true", "True", "null", "None", "[]", "{}", "[1]", '{"a": 1}', "undefined", "NaN", "Symbol()", "false"),
    "markup": (
        f"<script>{CANARY}()</script>",
        f"<img src=x onerror={CANARY}>",
        f"</style><b>{CANARY}</b>",
        f"[{CANARY}](javascript:alert(1))",
        f"![{CANARY}](https://example.org/x.png)",
        f"`{CANARY}`",
        f"``` \n{CANARY}",
        f"**{CANARY}** :red[{CANARY}] :material/delete: $x^{{{CANARY}}}$",
        f"# {CANARY}\n- {CANARY}",
        f"&lt;b&gt;{CANARY}",
        f"\\`{CANARY}\\`<b>",
        f'"><svg/onload={CANARY}>',
        f"{{{{{CANARY}}}}} «{CANARY}» {{% {CANARY} %}} ${{{CANARY}}}",
    ),
    "paths": (
        *(
            "../../etc/passwd",
            "/etc/passwd",
            "..\\..\\x",
            "file:///etc/passwd",
            "C:\\x",
            "~root",
            "/dev/zero",
            "a/../..",
        ),
        *("https://example.org", "//example.org", "\\\\host\\x", ".", "..", "NUL", "%2e%2e%2f", "..%252f", "%00"),
    ),
    "percent": (
        "%",
        "%%",
        "%41",
        "%zz",
        "%C0%AF",
        "%s%n%x",
        "%(x)s",
        "a%0d%0ab",
        "+",
        "a+b",
        "a&b=c",
        "a#b",
        "a;b=c",
        "a=b",
    ),
    "formulas": ("=1+1", "+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", '=HYPERLINK("x")', "\t=1", "|x"),
    "code": (
        *("__import__('os').system('true')", "exec('1')", "().__class__", "import os", "os.environ", "{x.__class__}"),
        *("${jndi:ldap://x}", "' OR 1=1 --", "; rm -rf x", "$(true)", "`true`", "|| true", "__proto__", "constructor"),
    ),
}
"""Kind → texts of it."""

ALL = tuple(dict.fromkeys(text for texts in TEXTS.values() for text in texts))

OTHER_TYPES: tuple[Any, ...] = (
    *(None, True, False, [], {}, (), [0], {"a": 1}, b"0", b"", object(), float("nan"), float("inf"), float("-inf")),
    *(10**400, -(10**400), 1 + 1j, "0", 2**63, 1e308, -1e-320, range(3), {1}, Ellipsis, type, int, lambda: 0),
)
"""What is no text, where a text or a number is expected."""


def texts(n: int, seed: int = 0) -> list[str]:
    """n texts: the fixed ones first, then as many drawn from them: joined, cut, repeated, turned round, spiked."""
    rng = random.Random(seed)
    return [*ALL[:n], *(_drawn(rng) for _ in range(n - len(ALL)))]


def _drawn(rng: random.Random) -> str:
    one, other = rng.choice(ALL), rng.choice(ALL)
    ways = (
        lambda: one + other,
        lambda: one[: rng.randrange(len(one) + 1)],
        lambda: (one * rng.randrange(2, 40))[:5_000],
        lambda: one[::-1],
        lambda: chr(rng.choice((0, 9, 10, 13, 27, 0x202E, 0xFEFF, 0x1F600))).join(one[:200]),
        lambda: "".join(chr(rng.randrange(1, 0xD7FF)) for _ in range(rng.randrange(1, 60))),
        lambda: f"{rng.uniform(-1, 1) * 10.0 ** rng.randrange(-30, 300)!r}{other[:3]}",
        lambda: one.upper() + "\n" + other.lower(),
    )
    return rng.choice(ways)()


JSON_TEXTS = (
    *("", " ", "null", "true", "0", "-1", "1e999", "NaN", '"x"', "[]", "{}", "[" * 50_000, '{"a":' * 20_000, "[[],[]]"),
    *('{"__proto__": 1}', '{"a": 1, "a": 2}', "\ufeff{}", "{'a': 1}", "{}x", '{"a": "\\ud800"}', "9" * 5_000, "\x00"),
)
"""Texts where JSON is expected."""


def spoilt(content: bytes, n: int, seed: int = 0) -> list[bytes]:
    """n versions of a file with something wrong: bytes changed, cut out, doubled, put in; ends cut off."""
    rng, versions = random.Random(seed), []
    for i in range(n):
        at, to = sorted(rng.randrange(len(content)) for _ in range(2))
        to = min(to, at + 40)
        versions.append(
            (
                content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :],
                content[:at] + content[to:],
                content[:to] + content[at:],
                content[:at],
                content[:at] + rng.choice(ALL).encode()[:500] + content[at:],
                content[:at] + rng.choice((b"null", b"-1", b"1e999", b"[]", b"{}", b'"', b"true")) + content[to:],
            )[i % 6]
        )
    return versions
