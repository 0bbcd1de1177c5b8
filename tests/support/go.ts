import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a run of the Go tool printed, and how it ended. */
export interface GoRan {
  readonly code: number | null
  readonly text: string
}

/** The Go tool that `npm test` chose, else the first of those at hand. Throws where there is none, and says what to do. */
export function goProgram(): string {
  const chosen = process.env['EVIDENCE_GO'] ?? ''
  const candidates = chosen === '' ? ['go', '/usr/local/go/bin/go'] : [chosen]
  const found = candidates.find((go) => spawnSync(go, ['version']).status === 0)
  if (found === undefined)
    throw new Error('no Go: run "npm test" in CI, which installs it, or install Debian’s golang-go')
  return found
}

/** Where the Go tool keeps what it compiled: the standard library is compiled once for all tests, and again only for another Go. */
export const goCache: string = fileURLToPath(new URL('../../node_modules/.evidence-go/cache', import.meta.url))

/** Runs the Go tool in a folder: nothing is asked of the network, and no other version is fetched. */
export function go(args: readonly string[], cwd: string): GoRan {
  const env = { ...process.env, GOCACHE: goCache, GOFLAGS: '', GOPROXY: 'off', GOTOOLCHAIN: 'local' }
  const { status, stdout, stderr, error } = spawnSync(goProgram(), args, { cwd, env })
  if (error !== undefined) throw error
  return { code: status, text: stdout.toString() + stderr.toString() }
}
