import { checkCommand } from './commands/check.ts'
import { emptyProgram } from './program-outline.ts'
import { run } from './run.ts'

/*
 * `evidence check` by itself. `npm run build` makes one file of it, dist/check.mjs, that needs Node and nothing else: loading
 * one file takes half the time of loading two hundred, and it is the checker to keep beside the evidence.
 */
const [, , first] = process.argv
// By itself it is the command: "node check.mjs FILE". The word is still taken, for "evidence check FILE" loads this file too.
if (first !== 'check' && first !== '--version' && first !== '-V') process.argv.splice(2, 0, 'check')

await run(() => {
  const program = emptyProgram()
  checkCommand(program)
  return program
})
