import { writeFileSync } from 'node:fs'
import { verifyGuide } from '../../src/package/verify-guide.ts'
import { pythonScript, type Ran } from './python.ts'

/** The program that VERIFY.md holds, written to a file. */
export function writeGuideProgram(path: string): void {
  const [, text] = /^```python\n([\s\S]*?)^```$/m.exec(verifyGuide) ?? []
  if (text === undefined) throw new Error('VERIFY.md holds no program')
  writeFileSync(path, text)
}

/** Runs the program of VERIFY.md in the folder of a package. */
export function checkByHand(program: string, folder: string, policy = 'policy'): Ran {
  return pythonScript(program, [policy], folder)
}
