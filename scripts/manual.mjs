/*
 * Writes the manual page evidence(1) and the completion scripts from the texts of the help: dist/evidence.1 and dist/completions. The
 * last step of a build: node scripts/manual.mjs [FOLDER]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'
import { sourceTime } from './stage.mjs'

const built = (name) => import(new URL(`../dist/cli/${name}.js`, import.meta.url).href)
const { createProgram } = await built('program')
const { commandTree } = await built('render/command-tree')
const { completionScript } = await built('render/completion')
const { manualPage } = await built('render/manual')
const { exitCodes } = await built('program-outline')

const folder = process.argv[2] ?? join(root, 'dist')
const program = await createProgram()
const tree = commandTree(program)
// The date of the source, so that the same source makes the same page.
const date = new Date((sourceTime() ?? Date.now() / 1000) * 1000).toISOString().slice(0, 10)
const page = manualPage(tree, {
  description: program.description(),
  after: exitCodes.trim(),
  version: program.version(),
  date,
})
mkdirSync(join(folder, 'completions'), { recursive: true })
writeFileSync(join(folder, 'evidence.1'), page)
// Named as each shell looks for them.
for (const [shell, name] of Object.entries({ bash: 'evidence', zsh: '_evidence', fish: 'evidence.fish' }))
  writeFileSync(join(folder, 'completions', name), completionScript(shell, tree))
