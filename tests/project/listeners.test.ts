import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

it('F-L: whatever listens refuses requests for hosts that it does not go by', () => {
  const files = execFileSync('git', ['ls-files', 'src', 'cli', 'server'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((path) => path.endsWith('.ts'))
  const listening = files.filter((path) =>
    /\b(?:createServer|createSecureServer|boundedServer|Fastify)\(/.test(readFileSync(join(root, path), 'utf8')),
  )
  // What makes the server for both apps answers nothing itself.
  const maker = 'server/http-server.ts'
  expect(listening.toSorted()).toEqual(['server/app.ts', maker, 'server/witness/app.ts', 'src/monitor/copy-server.ts'])
  for (const path of listening.filter((one) => one !== maker)) {
    const source = readFileSync(join(root, path), 'utf8')
    expect([path, source]).toEqual([path, expect.stringMatching(/new HostNames\([^]*\.refusal\(/)])
  }
})
