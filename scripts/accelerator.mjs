// Makes dist/src/accelerator/ed25519.wasm out of src/accelerator/assembly, by AssemblyScript: no compiler but Node is needed, and the same
// sources give the same bytes. docs/design/accelerator.md says what it is. As a command: node scripts/accelerator.mjs [FILE]
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './setup.mjs'

const folder = join(root, 'src', 'accelerator', 'assembly')
const built = join(root, 'dist', 'src', 'accelerator', 'ed25519.wasm')
const flags = ['--enable', 'simd', '-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort=']

/** Compiles the sources; gives the module's bytes. Throws with the compiler's words where it refuses them. */
export async function compile() {
  const { default: asc } = await import('assemblyscript/asc')
  let bytes
  const said = []
  const { error } = await asc.main(['index.ts', '--outFile', 'out.wasm', ...flags], {
    stderr: { write: (text) => void said.push(text) },
    readFile: (name, base) => {
      const path = join(folder, name)
      return base === '.' && existsSync(path) ? readFileSync(path, 'utf8') : null
    },
    writeFile: (name, contents) => {
      if (name === 'out.wasm') bytes = contents
    },
    listFiles: () => [],
  })
  // Warnings too: what the compiler doubts is mended.
  if (error !== null || bytes === undefined || said.length > 0)
    throw new Error(`${said.join('')}${error?.message ?? ''}`)
  return bytes
}

/** Of the sources and of the compiler's version: the module is made again when one of them has changed. */
function inputs() {
  const hash = createHash('sha256').update(readFileSync(import.meta.filename))
  hash.update(readFileSync(join(root, 'node_modules', 'assemblyscript', 'package.json')))
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)))
  return hash.digest('hex')
}

/** Makes the module in dist, unless that has been done. Without the folder there is nothing to make, and what was made of it goes. */
async function build() {
  const stamp = join(dirname(built), '.wasm-inputs')
  if (!existsSync(folder)) return [built, stamp].forEach((file) => rmSync(file, { force: true }))
  const now = inputs()
  if (existsSync(built) && existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return
  mkdirSync(dirname(built), { recursive: true })
  writeFileSync(built, await compile())
  writeFileSync(stamp, now)
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv[2] === undefined) await build()
  else writeFileSync(process.argv[2], await compile())
}
