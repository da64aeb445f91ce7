#!/usr/bin/env bash
# deploy/serve.sh [PROCESSES [PORT]]: the app in several processes behind nginx on one machine, until it is ended.
#
# PROCESSES: 2, or as many as there are processor cores. PORT: where nginx listens, 8500; the processes take the ports
# after it, on 127.0.0.1. A process that ends is started again. They share the cache folder (REGLAB_CACHE), hence what
# one of them trained is there for all. RUNTIME_DIRECTORY: where nginx may write, else a temporary folder. PYTHON: the
# interpreter with requirements.txt installed, else the one in .venv.
set -euo pipefail
cd "$(dirname "$0")/.."

processes=${1:-2}
port=${2:-8500}
python=${PYTHON:-.venv/bin/python}
nginx=$(command -v nginx || echo /usr/sbin/nginx)
here=${RUNTIME_DIRECTORY:-$(mktemp -d)}
chmod go+x "$here" # started by root, nginx works as another user

if ! [[ $processes =~ ^[1-9][0-9]?$ && $port =~ ^[1-9][0-9]{0,4}$ ]]; then
  echo "deploy/serve.sh [PROCESSES [PORT]]: two numbers" >&2
  exit 2
fi

# processes.conf: which process a browser is sent to ($process), and the cookie by which it stays there ($stay).
{
  share=$((100 / processes))
  for chance in anybody:request_id by_address:remote_addr'$http_user_agent'; do
    echo "split_clients \"\$${chance#*:}\" \$${chance%:*} {"
    for i in $(seq 2 "$processes"); do echo "    $share% $i;"; done
    echo "    * 1;"
    echo "}"
  done
  echo 'map $http_sec_fetch_dest $newcomer { default $by_address; document $anybody; }'
  echo 'map $cookie_reglab_process $process {'
  echo '    default $newcomer;'
  for i in $(seq "$processes"); do echo "    $i $i;"; done
  echo "}"
  echo 'map $cookie_reglab_process $stay {'
  echo '    default "reglab_process=$process; Path=/; HttpOnly; SameSite=Lax";'
  for i in $(seq "$processes"); do echo "    $i \"\";"; done
  echo "}"
  for i in $(seq "$processes"); do
    echo "upstream process_$i {"
    echo "    server 127.0.0.1:$((port + i)) max_fails=1 fail_timeout=3s;"
    for other in $(seq "$processes"); do
      [ "$other" = "$i" ] || echo "    server 127.0.0.1:$((port + other)) backup;"
    done
    echo "}"
  done
} >"$here/processes.conf"
echo "listen $port;" >"$here/listen.conf"
cp deploy/nginx.conf "$here/nginx.conf"

started=()
end() {
  trap - EXIT INT TERM
  kill "${started[@]}" 2>/dev/null || true
  wait || true
}
trap end EXIT
trap 'exit 0' INT TERM

keep_running() { # PORT
  trap 'kill $child 2>/dev/null; wait; exit 0' TERM
  while true; do
    "$python" -m streamlit run streamlit_app.py --server.address 127.0.0.1 --server.port "$1" &
    child=$!
    wait "$child" || true
    echo "the process on port $1 ended and is started again" >&2
    sleep 1
  done
}

for i in $(seq "$processes"); do
  keep_running $((port + i)) &
  started+=($!)
done
for i in $(seq "$processes"); do
  for _ in $(seq 300); do
    (: <"/dev/tcp/127.0.0.1/$((port + i))") 2>/dev/null && break
    sleep 0.2
  done
done
"$nginx" -p "$here" -c "$here/nginx.conf" &
started+=($!)
echo "http://localhost:$port, $processes processes; end with Ctrl-C" >&2
wait "${started[-1]}" # nginx; when it ends, so does all of this
