# Words of the rows in misconfiguration-rows.ts. REPO, D (data folder), P (first port), SCREEN (what a start prints) come from outside.
OTHER='setpriv --reuid 1234 --regid 1234 --clear-groups env HOME=/tmp'
CLI="$REPO/packages/cli/bin/tributary.mjs"
T() { node "$CLI" --data-dir "$D" "$@"; }

# A start that came up, ended again; or what it said instead.
RUN() {
  : > "$SCREEN"; $AS "$@" > "$SCREEN" 2>&1 & local pid=$!
  for _ in $(seq 150); do grep -aq 'Ctrl-C stops' "$SCREEN" && break; kill -0 $pid 2> /dev/null || break; sleep 0.2; done
  echo $pid > "$SCREEN.pid"
  grep -aq 'Ctrl-C stops' "$SCREEN" && { echo 'started'; return 0; }
  wait $pid
}
DEV() { RUN node "$CLI" --data-dir "$D" dev --no-demo --port "$P"; }
NPM() { RUN npm --silent --prefix "$REPO" start -- --no-demo --port "$P" --data-dir "$D"; }
# npm may be gone before what it started: the next row needs the folder and the ports.
DOWN() { END; for _ in $(seq 100); do pgrep -f -- "--data-dir $D( |\$)" > /dev/null || break; sleep 0.1; done; }
END() { kill $(cat "$SCREEN.pid" "$SCREEN.others" 2> /dev/null) 2> /dev/null; for _ in $(seq 50); do kill -0 $(cat "$SCREEN.pid" 2> /dev/null) 2> /dev/null || break; sleep 0.1; done; rm -f "$SCREEN.pid" "$SCREEN.others"; }
UP() { NPM; OWN_REDIS=$(sed -n 's/.*"redisUrl": *"\([^"]*\)".*/\1/p' "$D/keys.local.json"); }
START() { local SCREEN=$SCREEN.start; NPM > /dev/null; local status=$?; cat "$SCREEN"; DOWN; return $status; }
START_AS_OTHER() { AS=$OTHER START; }
ROLE() { local role=$1; shift; TRIBUTARY_DATA_DIR=$D timeout 8 $AS node "$CLI" start "$role" -- "$@"; }

TAKE() { P=$1 SERVE "() => {}"; }
SERVE() { node -e "require('node:http').createServer($1).listen($P, '127.0.0.1')" 2> /dev/null & echo $! >> "$SCREEN.others"; for _ in $(seq 50); do (: < "/dev/tcp/127.0.0.1/$P") 2> /dev/null && break; sleep 0.1; done; }
EACH_PORT() { local n; for n in 0 1 2 3 4 5; do TAKE $((P+n)); "$@"; DOWN; done; return 2; }
FOREIGN() { SERVE '(_, answer) => answer.end("<html>hello</html>")'; }
# As this API says who it is, and answers otherwise.
OLDER() { SERVE '(asked, answer) => answer.writeHead(404, { "content-type": "application/json", "x-tributary": "api" }).end(JSON.stringify({ code: "not_found", detail: asked.method + " " + asked.url + " does not exist" }))'; }
