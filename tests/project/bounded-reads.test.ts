import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Files that read without `src/node/bounded-file.ts`, and why they may. */
const exceptions: Readonly<Record<string, string>> = {
  'src/node/durable-file.ts': 'opens a folder to sync it, and reads nothing',
  'src/node/lock-record.ts': 'reads /proc, whose files are regular, short and the kernel’s',
  'server/descriptors.ts': 'reads /proc/self/limits',
  'src/accelerator/arithmetic.ts': 'reads what the build made, beside the program',
  'server/page.ts': 'reads what the build made, beside the program',
  'cli/doctor/machine.ts': 'reads /proc/self/limits',
  'cli/options/file-argument.ts':
    'reads /proc/self/cmdline, which is as long as the arguments that this process was given',
  'cli/render/checker.ts': 'reads the running program',
  'cli/version.ts': 'reads the package.json beside the program',
  'cli/options/ask-terminal.ts': 'opens the terminal, and reads a line of it',
  'src/package/node/bag-writer.ts': 'streams a file of evidence, which may have any length',
}

const reading = [
  // What reads a file to its end, by whatever name it is imported.
  /import\s*\{[^}]*\b(?:readFileSync|readFile|createReadStream|openAsBlob)\b[^}]*\}\s*from\s*'(?:node:)?fs(?:\/promises)?'/,
  /import\s*(?:\*\s*as\s+)?[a-zA-Z]+\s*(?:,\s*\{[^}]*\}\s*)?from\s*'(?:node:)?fs(?:\/promises)?'/,
  /\.readFile\(/,
  // What opens a path to read it, and would wait for the writer of a pipe.
  /\bopenSync\([^\n]*'r\+?'\)/,
]

it('F-B12: files are read whole by one function, which is bounded and refuses what has no end', () => {
  const files = execFileSync('git', ['ls-files', 'src', 'cli', 'server'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((path) => path.endsWith('.ts'))
  const found = files.filter((path) => {
    const source = readFileSync(join(root, path), 'utf8')
    return reading.some((pattern) => pattern.test(source))
  })
  expect(found.toSorted()).toEqual(Object.keys(exceptions).toSorted())
})
