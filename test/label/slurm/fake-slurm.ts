import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Keeps a process group for each task, and a log of what was asked. */
const COMMANDS = {
  sbatch: `echo "sbatch $*" >> "$FAKE/log"
[ -e "$FAKE/full" ] && { echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2; exit 1; }
for word in "$@"; do case $word in --array=0-*) last=\${word#--array=0-};; -*) ;; *) [ -z "$script" ] && script=$word || folder=$word;; esac; done
job=$(( $(cat "$FAKE/next" 2>/dev/null || echo 100) + 1 )); echo $job > "$FAKE/next"
sed -n 's/#SBATCH --job-name=//p' "$script" > "$FAKE/$job.name"
for i in $(seq 0 $last); do
  SLURM_ARRAY_TASK_ID=$i setsid bash "$script" "$folder" < /dev/null > /dev/null 2>&1 &
  echo $! > "$FAKE/$job.$i.pid"
done
echo $job`,
  squeue: `[ -e "$FAKE/down" ] && { echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1; }
case "$*" in --version) echo slurm 22.05; exit;; esac
for word in "$@"; do case $word in --jobs=*) job=\${word#--jobs=};; --name=*) name=\${word#--name=};; esac; done
if [ -n "$name" ]; then for f in "$FAKE"/*.name; do [ "$(cat "$f" 2>/dev/null)" = "$name" ] && { f=\${f##*/}; echo "\${f%.name}"; }; done; exit 0; fi
[ -e "$FAKE/$job.name" ] || { echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1; }
for f in "$FAKE/$job".*.pid; do kill -0 -"$(cat "$f")" 2>/dev/null && { f=\${f%.pid}; echo "\${f##*.}"; }; done; exit 0`,
  scancel: `echo "scancel $*" >> "$FAKE/log"
for word in "$@"; do kill -9 -"$(cat "$FAKE/\${word%_*}.\${word#*_}.pid")" 2>/dev/null; done; exit 0`,
  sacct: `echo "NODE_FAIL|0:0|node1"`,
};

/** A folder for PATH with commands that behave like those of SLURM on one machine; `log` there says what was asked of them. */
export function fakeSlurm(folder: string): { readonly path: string; readonly state: string } {
  const path = join(folder, 'bin');
  const state = join(folder, 'queue');
  mkdirSync(path);
  mkdirSync(state);
  for (const [name, body] of Object.entries(COMMANDS)) {
    writeFileSync(join(path, name), `#!/bin/bash\nFAKE=${state}\n${body}\n`);
    chmodSync(join(path, name), 0o755);
  }
  return { path, state };
}
