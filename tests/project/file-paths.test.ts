import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What handles files by names that people gave them, which need not be UTF-8. */
const named = [
  'cli/deposit*.ts',
  'cli/files/outputs.ts',
  'src/check/node/artefact.ts',
  'src/check/node/evidence-files.ts',
  'src/node/output-file.ts',
]
const calls =
  /\b(?:existsSync|statSync|lstatSync|accessSync|openSync|renameSync|linkSync|unlinkSync|rmSync|mkdirSync)\((?!fsPath\(|typeof path ===)[^\n]*/g

it('F-B8: a path of evidence reaches the file system as its bytes', () => {
  const files = execFileSync('git', ['ls-files', ...named], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
  expect(files.length).toBeGreaterThan(named.length)
  const found = files.flatMap((path) => {
    const source = readFileSync(join(root, path), 'utf8')
    return [...source.matchAll(calls)].map(([text]) => `${path}: ${text}`)
  })
  expect(found).toEqual([])
})
