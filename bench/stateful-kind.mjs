// Loaded into a process (`node --import`), adds the made-up kind of the tests (tests/statements/made-up-kind.ts), which keeps state in the registry, to the
// table of kinds. A thread of the process loads it too, since it is among Node's flags.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The file of the kind as Node can run it: its imports lead to the built program. */
const built = process.env.EVIDENCE_BENCH_KIND

if (built !== undefined) {
  const { handOver } = await import(pathToFileURL(built).href)
  const { kindTable } = await import('../dist/src/statements/kind-table.js')
  kindTable.push(handOver)
}

/**
 * Builds the kind into a folder outside the repository, and gives the flags of a process that knows it; `EVIDENCE_BENCH_KIND` is set for the processes that
 * are started from here.
 */
export async function statefulFlags(cache) {
  const { rolldown } = await import('rolldown')
  const input = fileURLToPath(new URL('../tests/statements/made-up-kind.ts', import.meta.url))
  const external = (href) => ({ id: href, external: true })
  const toBuilt = {
    name: 'to-built',
    resolveId(source) {
      const ours = /^(?:\.\.\/)+src\/(.*)\.ts$/.exec(source)
      if (ours !== null) return external(new URL(`../dist/src/${ours[1]}.js`, import.meta.url).href)
      return source === 'zod' ? external(import.meta.resolve('zod')) : null
    },
  }
  const bundle = await rolldown({ input, platform: 'node', plugins: [toBuilt], makeAbsoluteExternalsRelative: false })
  const { output } = await bundle.generate({ format: 'esm' })
  await bundle.close()
  mkdirSync(cache, { recursive: true })
  const path = join(cache, `made-up-kind-${process.pid}.mjs`)
  writeFileSync(path, output[0].code)
  process.env.EVIDENCE_BENCH_KIND = path
  return { flags: ['--import', import.meta.url], path }
}
