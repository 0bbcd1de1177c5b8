import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shellBlocks } from '../support/doc-commands.ts'
import { temporaryFolder } from '../support/folder.ts'
import { Sandbox, sandboxLacks } from '../support/sandbox.ts'

/* docs/operations/installing.md, "In a container": its commands as they stand, by tests/support/docker.mjs on a machine without Docker. */
const page = readFileSync(fileURLToPath(new URL('../../docs/operations/installing.md', import.meta.url)), 'utf8')
const [block] = shellBlocks(page.slice(page.indexOf('## In a container'))) as [string]
const dockerfile = readFileSync(fileURLToPath(new URL('../../Dockerfile', import.meta.url)), 'utf8')

// The image's base is stood in for by this machine's own programs: Node.js must be among those of /usr.
const lacking = sandboxLacks() ?? (existsSync('/usr/bin/node') ? undefined : 'no /usr/bin/node')
if (lacking !== undefined)
  process.stderr.write(`NOT RUN, for want of a machine of its own (${lacking}): tests/operations/image.test.ts\n`)

describe('the base of the image', () => {
  it('is pinned by its digest, once for both stages', () => {
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=node:22\.\d+\.\d+-bookworm-slim@sha256:[0-9a-f]{64}$/m)
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base)
    expect(bases).toEqual(['${NODE_IMAGE}', '${NODE_IMAGE}'])
  })
})

describe.skipIf(lacking !== undefined)('an image that is made and run by the page', () => {
  const { path, remove } = temporaryFolder()
  let machine: Sandbox
  const must = (script: string, cwd = '/'): string => {
    const ran = machine.run(script, cwd)
    expect([script, ran.code, ran.stderr]).toEqual([script, 0, expect.any(String)])
    return ran.stdout
  }

  beforeAll(async () => {
    machine = new Sandbox(path)
    await machine.open()
  })
  afterAll(() => {
    machine.run('docker stop ledger')
    machine.close()
    remove()
  })

  it('makes a ledger on its volume, and serves it as a user without rights on a read-only root', () => {
    const [prepare, start] = block.split(/^(?=docker run -d)/m) as [string, string]
    must(prepare, machine.source)
    must(start, machine.source)
    const health = /HEALTHCHECK[^\n]*\\\n\s+CMD (\[.*\])/.exec(dockerfile)?.[1] as string
    const [, , script] = JSON.parse(health) as [string, string, string]
    must(
      `curl -f -s --retry 20 --retry-delay 1 --retry-connrefused http://127.0.0.1:8080/readyz && node -e "${script}"`,
    )
    const pid = must(`cat '${join(path, 'ledger.pid')}'`).trim()
    const status = must(`cat /proc/${pid}/status`)
    expect(status).toMatch(/^Uid:\t10001\t10001\t10001\t10001$/m)
    expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    expect(status).toMatch(/^CapBnd:\t0+$/m)
    const within = (place: string): number | null =>
      machine.run(`nsenter --target ${pid} --mount --root sh -c ': > ${place}'`).code
    for (const place of ['/x', '/opt/evidence-ledger/x', '/etc/x', '/run/secrets/x'])
      expect([place, within(place)]).not.toEqual([place, 0])
    for (const place of ['/tmp/x', '/data/x']) expect([place, within(place)]).toEqual([place, 0])
    must(`rm '${join(path, 'volumes', 'evidence', 'x')}'`)
    must('docker stop -t 60 ledger')
    const files = must(`find '${join(path, 'volumes', 'evidence')}' ! -uid 10001`)
    expect(files).toBe('')
    expect(must(`find '${join(path, 'volumes', 'evidence', 'keys')}' -type f -perm /077`)).toBe('')
  })

  it('has the checker, and nothing of development', () => {
    const root = join(path, 'images', 'stage-1', 'opt', 'evidence-ledger')
    for (const name of ['dist/check.mjs', 'dist/check-time.mjs', 'dist/check-digest.mjs', 'cli/evidence.mjs'])
      expect([name, existsSync(join(root, name))]).toEqual([name, true])
    expect(existsSync(join(root, 'node_modules', 'typescript'))).toBe(false)
  })
})
