import type { Command } from 'commander'
import { fromBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import type { Checkpoint } from '../../src/core/checkpoint-text.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { isFileProof, parseFileProof } from '../../src/core/file-proof.ts'
import { encodeKeyTransition, parseKeyTransition } from '../../src/core/key-transition.ts'
import { verifyConsistency } from '../../src/core/merkle/verify.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { outputKinds, requireOutput, writeOutput } from '../files/outputs.ts'
import { clientFlags, clientOf, type ClientOptions, outputOf } from '../options/client.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { readsOf, withOwnFolder } from '../files/own-folder.ts'
import { transitionPath } from '../../src/core/artefact-names.ts'
import { readArtefact } from '../../src/check/node/artefact.ts'

const transitionFlags = [
  ...clientFlags(),
  ['--out <file>', 'where to write it (default: beside the receipt, where "evidence check" finds it)'],
] as const

/** `evidence transition RECEIPT` */
export function transitionCommand(program: Command): void {
  declare(
    program.command('transition <receipt>'),
    'write the key transition of a receipt whose checkpoint a retired key signed',
    transitionFlags,
    '\nAsks the server of --url, or reads the stopped ledger of --data.\n\nExample:\n  evidence transition photo.jpg.tlog-proof --url https://ledger.court.example\n  evidence check photo.jpg --policy new.policy',
  ).action(async (path: string, options: OptionsOf<typeof transitionFlags>) => {
    const output = outputOf(options)
    const out = options.out ?? transitionPath(path)
    requireOutput(outputKinds.keyTransition, out)
    const bytes = readArtefact(path)
    const receipt = parseReceipt(isFileProof(bytes) ? parseFileProof(bytes).receipt : bytes)
    const from = receipt.proof.checkpoint.size
    const made = options.data === undefined ? await fromServer(options, from) : await fromFolder(options.data, from)
    const transition = encodeKeyTransition(from, made.hashes, made.note)
    requireGoesOn(receipt.proof.checkpoint, transition)
    writeOutput(outputKinds.keyTransition, out, transition)
    output.result({ out, from }, [`wrote ${out}: from the ${from} entries of the receipt to those of the key in use`])
  })
}

/** Throws `server-answer` where a transition does not lead on from a receipt's own tree. */
function requireGoesOn({ size, root }: Checkpoint, transition: string): void {
  const { checkpoint, hashes } = parseKeyTransition(utf8(transition))
  const facts = { size1: size, root1: root, size2: checkpoint.size, root2: checkpoint.root, proof: hashes }
  if (!verifyConsistency(facts))
    throw new EvidenceError(
      'server-answer',
      `the checkpoint of ${checkpoint.size} entries does not go on from the receipt’s ${size}`,
    )
}

async function fromServer(options: ClientOptions, from: number): Promise<{ hashes: Uint8Array[]; note: string }> {
  const client = clientOf(options, outputOf(options))
  // The published checkpoint has the cosignatures that a policy may ask for; the newest one is taken only where that is behind.
  const published = await client.fetchBytes('/checkpoint')
  const newest = (): Promise<string> => client.ledger().then(({ checkpoint }) => checkpoint)
  const note = isFrom(published, from) ? Buffer.from(published).toString('utf8') : await newest()
  const { hashes } = await client.consistency(from, parseSignedCheckpoint(utf8(note)).checkpoint.size)
  return { hashes: hashes.map((hash) => fromBase64(hash)), note }
}

function isFrom(published: Uint8Array | undefined, from: number): published is Uint8Array {
  return published !== undefined && parseSignedCheckpoint(published).checkpoint.size >= from
}

async function fromFolder(root: string, from: number): Promise<{ hashes: Uint8Array[]; note: string }> {
  return withOwnFolder(root, 'passed over', async (own) => {
    const { reads } = await readsOf(own)
    return { hashes: await reads.consistency(from, own.checkpoint.size), note: own.note }
  })
}
