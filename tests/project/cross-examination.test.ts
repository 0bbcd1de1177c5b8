import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliServer, copyCase, environment, startServer } from '../support/cli.ts'
import { commandSections, shellBlocks } from '../support/doc-commands.ts'
import { temporaryFolder } from '../support/folder.ts'
import { pythonWithCryptography } from '../support/python.ts'
import { lacks } from '../support/system-tools.ts'

/* The commands of docs/cross-examination.md, run as they stand on the trial case, in their order and in one shell. */
const root = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(join(root, 'docs', 'cross-examination.md'), 'utf8')
const sections = commandSections(page)
const { path, remove } = temporaryFolder()
let server: CliServer

beforeAll(async () => {
  copyCase(join(path, 'fixtures', 'case-001'))
  mkdirSync(join(path, 'bin'))
  const program = `#!/bin/sh\nexec ${process.execPath} ${join(root, 'cli', 'evidence.mjs')} "$@"\n`
  writeFileSync(join(path, 'bin', 'evidence'), program, { mode: 0o755 })
  copyFileSync(join(root, 'verifiers', 'python', 'evidence_verify.py'), join(path, 'evidence_verify.py'))
  server = await startServer(join(path, 'data'))
})
afterAll(async () => {
  await server.stop()
  remove()
})

/** Runs a script beside the server, which may live in this process. */
const ran = (script: string): Promise<{ readonly code: number | null; readonly said: string }> =>
  new Promise((resolve) => {
    const file = join(path, 'page.sh')
    writeFileSync(file, script)
    const own = lacks('python3-cryptography') ? [] : [dirname(pythonWithCryptography())]
    const env = {
      ...environment({ URL: server.url }),
      PATH: [join(path, 'bin'), ...own, process.env['PATH']].join(':'),
    }
    const child = spawn('sh', [file], { cwd: path, env })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.on('close', (code) => resolve({ code, said }))
  })

describe('docs/cross-examination.md', () => {
  it('has twenty questions, each with a command and its limit', () => {
    expect(sections.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    for (const { title, blocks } of sections) {
      expect(title).toMatch(/\?/)
      expect([title, blocks.length]).toEqual([title, 1])
    }
    const texts = page.split(/^## /m).slice(1)
    for (const text of texts) expect(text).toMatch(/^\*\*Limit:\*\* /m)
    expect(page).not.toMatch(/tampered|genuine|guarantee/i)
  })

  it('links to nothing that is not there', () => {
    for (const [, link] of page.matchAll(/\]\(([^)#]+)\)/g))
      expect(() => readFileSync(join(root, 'docs', link as string))).not.toThrow()
  })

  it('has commands that all answer what they are said to answer', async () => {
    const [before, ...questions] = shellBlocks(page) as [string, ...string[]]
    const runnable = questions.map((block, i) => {
      const isPython = block.includes('python3 ') && lacks('python3-cryptography')
      return `echo "== ${i + 1}"\n${isPython ? ': left out: python3-cryptography\n' : block}`
    })
    const { code, said } = await ran(`set -eu\n${before}\n${runnable.join('\n')}echo "== end"\n`)
    expect([code, said]).toEqual([0, expect.stringMatching(/== end\n$/)])
    const answers = said.split(/^== (?:\d+|end)\n/m).slice(1)
    const expected: Readonly<Record<number, RegExp>> = {
      1: /no fault found: unchanged since/,
      3: /FAULT file-differs/,
      4: /entry 2 of \S+, at .* by the ledger’s clock/,
      5: /no fault found/,
      6: /no time stamp was handed over/,
      7: /no fault found/,
      8: /quorum none/,
      9: /it names nothing later/,
      10: /^RETRACTED/m,
      11: /depositor[^]*admitted/,
      12: /evidence\.deposit/,
      13: /photo\/counter\.jpg[^]*more\.txt|more\.txt[^]*photo\/counter\.jpg/,
      14: /evidence\.deposit/,
      16: /^checked by evidence[^]*26 of 26/m,
      17: /VERIFY\.md/,
      18: /\\u\{202e\}gpj\.exe/,
      19: /^— \S+ \S+$/m,
      20: /^[0-9a-f]{24}$/m,
    }
    for (const [number, answer] of Object.entries(expected)) expect(answers[Number(number) - 1]).toMatch(answer)
    const [ours, theirs] = [...(answers[1] as string).matchAll(/^([0-9a-f]{64}) /gm)].map(([, sum]) => sum)
    expect(ours).toBe(theirs)
    expect(answers[14]).toMatch(lacks('python3-cryptography') ? /^$/ : /no fault|unchanged/i)
  })
})
