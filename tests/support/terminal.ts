import { fileURLToPath } from 'node:url'
import { systemProgram } from './cli.ts'

const program = fileURLToPath(new URL('../../cli/evidence.mjs', import.meta.url))

/** Runs a command on a terminal of its own, does something once its screen matches, and prints its exit code and its screen. */
const script = `
import json, os, pty, re, signal, sys
command, once = json.loads(sys.argv[1]), json.loads(sys.argv[2])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
screen, done = b'', once is None
while True:
    try:
        got = os.read(terminal, 65536)
    except OSError:
        break
    if not got:
        break
    screen += got
    if not done and re.search(once['seen'].encode(), screen):
        done = True
        if 'type' in once:
            os.write(terminal, once['type'].encode())
        else:
            os.kill(pid, signal.SIGINT)
_, status = os.waitpid(pid, 0)
print(json.dumps({'code': os.waitstatus_to_exitcode(status), 'screen': screen.decode()}))
`

/** What is done once, as soon as the screen matches a pattern of Python: something is typed, or SIGINT is sent. */
export type Once =
  | { readonly seen: string; readonly type: string }
  | { readonly seen: string; readonly interrupt: true }

/** Runs a command of the built command line on a terminal of its own; `variables` are as `env` takes them. */
export function onTerminal(
  args: readonly string[],
  options: { readonly once?: Once; readonly variables?: readonly string[] } = {},
): { readonly code: number; readonly screen: string } {
  const { once = null, variables = [] } = options
  const ours = Object.keys(process.env).filter((name) => name.startsWith('EVIDENCE_') || name === 'CI')
  const clean = ['/usr/bin/env', ...ours.flatMap((name) => ['-u', name]), ...variables]
  const command = [...clean, process.execPath, program, ...args]
  const { stdout, stderr } = systemProgram('python3', ['-c', script, JSON.stringify(command), JSON.stringify(once)])
  if (stderr !== '') throw new Error(stderr)
  return JSON.parse(stdout.toString()) as { code: number; screen: string }
}
