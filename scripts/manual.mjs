/* Writes the manual page evidence(1) from the texts of the help: dist/evidence.1. Run after a build: node scripts/manual.mjs [FILE] */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const { createProgram } = await import(new URL('dist/cli/program.js', root))
const { commandTree } = await import(new URL('dist/cli/render/command-tree.js', root))
const { manualPage } = await import(new URL('dist/cli/render/manual.js', root))
const { exitCodes } = await import(new URL('dist/cli/program-outline.js', root))

// The date of the source, where a build says it, so that the same source makes the same page.
const epoch = process.env['SOURCE_DATE_EPOCH']
const date = new Date(epoch === undefined ? Date.now() : Number(epoch) * 1000).toISOString().slice(0, 10)
const program = await createProgram()
const page = manualPage(commandTree(program), {
  description: program.description(),
  after: exitCodes.trim(),
  version: program.version(),
  date,
})
writeFileSync(process.argv[2] ?? fileURLToPath(new URL('dist/evidence.1', root)), page)
