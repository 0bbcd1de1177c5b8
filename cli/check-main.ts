import { checkCommand } from './commands/check.ts'
import { emptyProgram } from './program-outline.ts'
import { run } from './run.ts'

/*
 * `evidence check` by itself. `npm run build` makes one file of it, dist/check.mjs, that needs Node and nothing else: loading
 * one file takes half the time of loading two hundred, and it is the checker to keep beside the evidence.
 */
await run(() => {
  const program = emptyProgram()
  checkCommand(program)
  return program
})
