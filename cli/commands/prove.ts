import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/errors.ts'
import { encodeFileProof } from '../../src/core/file-proof.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { checkOne } from '../../src/check/steps/receipt.ts'
import { findEvidence, findManifest, namedEvidence } from '../../src/check/node/evidence-files.ts'
import { handedFiles } from '../../src/check/node/handed-files.ts'
import { lineProof } from '../../src/check/node/line-proof.ts'
import { outputKinds, requireOutput, writeOutput } from '../files/outputs.ts'
import { commonFlags, outputOf, policyDefault } from '../options/client.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { fileArgument } from '../options/file-argument.ts'
import { policyOf } from '../options/policy.ts'

const help = `
Writes FILE.file-proof: everything needed to check this one file, without the manifest and so without the names and
digests of the other files in the folder. The folder's sealed claims are left out too, unless --with-claims is given.

Example:
  evidence prove seized-phone/chat.json
  evidence check chat.json --receipt chat.json.file-proof --policy court.policy`

const flags = [
  ...commonFlags,
  ['--receipt <file>', 'receipt of the folder’s deposit'],
  ['--manifest <file>', 'manifest of the folder'],
  ['--folder <dir>', 'folder that the manifest’s paths are relative to'],
  ['--policy <file>', `the ledger’s policy (default: ${policyDefault})`],
  ['--with-claims', 'put the sealed claims of the folder’s receipt (case, note, names) into the proof'],
  ['--out <file>', 'where to write the proof (default: FILE.file-proof)'],
] as const
type ProveOptions = OptionsOf<typeof flags>

/** `evidence prove FILE` */
export function proveCommand(program: Command): void {
  declare(program.command('prove <file>'), 'write the proof of one file out of a folder’s deposit', flags, help).action(
    async (file: string, options: ProveOptions) => {
      installNativePrimitives()
      process.exitCode = await prove(fileArgument(file), options)
    },
  )
}

async function prove(file: string, options: ProveOptions): Promise<number> {
  const output = outputOf(options)
  const evidence = namedEvidence(file, options) ?? findManifest(file) ?? findEvidence(file)
  if (evidence.kind !== 'manifest') {
    throw new EvidenceError(
      'usage',
      `${file} has a receipt of its own; give that receipt to the person who checks the file`,
      { where: file },
    )
  }
  const path = options.out ?? `${file}.file-proof`
  requireOutput(outputKinds.fileProof, path)
  // A proof of something that does not verify would help nobody.
  const result = await checkOne(handedFiles, file, evidence, policyOf(options))
  const [fault] = result.faults
  if (fault !== undefined) throw new EvidenceError(fault.code, fault.message, { where: file })
  const [open] = result.unjudged
  if (open !== undefined) throw new EvidenceError('not-judged', open.message, { where: file })
  const { proof, of } = lineProof(evidence, file, result.item ?? 0, options.withClaims === true)
  writeOutput(outputKinds.fileProof, path, encodeFileProof(proof))
  output.result({ path: file, proof: path, item: proof.item, line: proof.lineIndex, of }, [
    `wrote ${path}: line ${proof.lineIndex} of the ${of} that the manifest has`,
  ])
  return 0
}
