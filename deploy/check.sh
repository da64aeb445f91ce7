#!/usr/bin/env bash
# deploy/check.sh: the steps of deploy/Dockerfile, run without a container engine as far as that goes.
#
# It copies what the image would hold (Dockerfile.dockerignore), installs the requirements into an environment of its own
# with the Dockerfile's command (PYTHON=…: takes an interpreter that has them instead), compiles the bytecode, and starts
# the command of the image in a mount namespace with a read-only root, as a user who owns nothing, without capabilities,
# with a cache folder and /tmp as all that can be written to. Then it asks what the health check asks, and opens a page.
# Needs root for the namespace. What it cannot check: the base image, and the engine's own limits.
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
port=${PORT:-8599}
server=
end() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT
said() { echo "== $*"; }

said "COPY: what the image holds"
mkdir -p "$work/srv/reglab" "$work/cache" "$work/tmp"
(cd "$repository" && sed -n 's/^!//p' deploy/Dockerfile.dockerignore \
  | tar --create --exclude=__pycache__ --files-from=-) | tar --extract --directory "$work/srv/reglab"
du -sh "$work/srv/reglab" | cut -f1

said "RUN: the requirements"
if [ -n "${PYTHON:-}" ]; then
  python=$PYTHON
else
  python3 -m venv "$work/venv"
  python=$work/venv/bin/python
  "$python" -m pip install --quiet --disable-pip-version-check uv
  (cd "$work/srv/reglab" && { "$python" -m uv pip install --quiet --python "$python" --torch-backend=cpu -r requirements.txt \
    || "$python" -m pip install --quiet --disable-pip-version-check -r requirements.txt; })
fi
"$python" -c 'import torch; print("torch", torch.__version__)'

said "RUN: the bytecode"
(cd "$work/srv/reglab" && "$python" -m compileall -q core pages streamlit_app.py)

said "CMD: with a read-only root, as a user who owns nothing"
chmod 755 "$work" "$work/srv" "$work/srv/reglab" && chown 65534:65534 "$work/cache" "$work/tmp"
command=$(sed -n 's/^CMD \[\(.*\)\]$/\1/p' "$repository/deploy/Dockerfile" | tail -1 | tr -d '",' | sed "s/8501/$port/")
environment=$(sed -n 's/^ENV //p' "$repository/deploy/Dockerfile")
environment=${environment/\/var\/cache\/reglab/$work/cache}
environment=${environment/HOME=\/tmp/HOME=$work/tmp TMPDIR=$work/tmp}
prefix=$("$python" -c 'import sys; print(sys.prefix if sys.prefix != sys.base_prefix else "/")')
base=$("$python" -c 'import sys; print(sys.base_prefix)')
unshare --mount bash -euc '
  mount --bind "$1/cache" "$1/cache"
  mount --bind "$1/tmp" "$1/tmp"
  case $6 in /root/*) # where this user may not look either: the interpreter alone is shown there
    mkdir "$1/base" && mount --bind "$6" "$1/base"
    mount --types tmpfs --options mode=755 tmpfs /root
    mkdir --parents "$6" && mount --bind "$1/base" "$6" ;;
  esac
  python=$2
  if [ "$5" != / ]; then # an environment that lies where this user cannot look
    for part in bin lib; do mkdir --parents "$1/environment/$part" && mount --bind "$5/$part" "$1/environment/$part"; done
    cp "$5/pyvenv.cfg" "$1/environment" # not the folder itself: it may be closed to all but its owner
    python=$1/environment/bin/python
  fi
  mount --options remount,bind,ro /
  if touch "$1/srv/reglab/written" 2>/dev/null; then echo "the root is not read-only" >&2; exit 1; fi
  cd "$1/srv/reglab"
  exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set=-all \
    env --ignore-environment PATH="$PATH" $3 "$python" ${4#python}
' check "$work" "$python" "$environment" "$command" "$prefix" "$base" >"$work/log" 2>&1 &
server=$!

said "HEALTHCHECK, and a lesson"
for _ in $(seq 300); do
  kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
  "$python" -c "from urllib.request import urlopen; urlopen('http://127.0.0.1:$port/_stcore/health', timeout=4)" \
    2>/dev/null && break
  sleep 0.2
done
"$python" - "$port" <<'PYTHON' || { cat "$work/log" >&2; exit 1; }
"""Open a lesson as a browser does: its page has a title, and no error."""
import asyncio, sys
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

async def lesson(name):
    message, titles, errors = BackMsg(), 0, []
    message.rerun_script.page_name, message.rerun_script.query_string = name, "whole=true"
    where = f"ws://127.0.0.1:{sys.argv[1]}/_stcore/stream"
    async with websockets.connect(where, subprotocols=["streamlit"], max_size=None) as session:
        await session.send(message.SerializeToString())
        while True:
            answer = ForwardMsg.FromString(await asyncio.wait_for(session.recv(), 90))
            if answer.WhichOneof("type") == "script_finished":
                break
            shown = answer.delta.new_element
            titles += shown.WhichOneof("type") == "heading"
            if shown.WhichOneof("type") == "exception":
                errors.append(shown.exception.message)
    assert titles and not errors, (titles, errors)
    print(f"{name}: {titles} headings, no error")

for name in ("batch_norm", "l1_l2"):
    asyncio.run(lesson(name))
PYTHON
ls -A "$work/cache" | sed 's/^/written to the cache folder: /'
said "all of it worked"
