import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { fromBase64, toBase64, toHex } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { sha256 } from '../../src/core/hash.ts'
import { verifyConsistency } from '../../src/core/merkle/verify.ts'
import { defined } from '../../src/core/objects.ts'
import type { Policy } from '../../src/core/policy.ts'
import { type Identity, LedgerClient } from '../../src/client/ledger-client.ts'
import { readPolicyFile } from '../../src/ledger/data-folder.ts'
import { type SignedNote, trustedNote } from '../../src/monitor/verified-copy.ts'
import { readNamed } from '../../src/node/bounded-file.ts'
import { inPrivateFolder } from '../../src/node/folder-filling.ts'
import { type Anchor, encodeAnchor, maxAnchorBytes, parseAnchor } from '../../src/verify/anchor.ts'
import { depositKind } from '../deposit/statement.ts'
import { outputKinds, writeOutput } from '../files/outputs.ts'
import { clientFlags, clientKey, clientOf, identify, outputOf, policyDefault } from '../options/client.ts'
import { declare, type OptionsOf, required } from '../options/declare.ts'
import { pause, stopSignal } from '../serve/until-stopped.ts'
import { signAndDeposit } from '../statements/sign.ts'
import { type SigningLedger, signingLedgerUnder } from '../statements/signing-ledger.ts'
import { seconds } from '../options/values.ts'
import { policyOf } from '../options/policy.ts'

/** Media type of a checkpoint that is deposited. */
const checkpointType = 'text/x.tlog.checkpoint'

const help = `
Deposits the newest checkpoint of one ledger (--url) into another (--to), and keeps note and receipt together as OUT/SIZE.anchor. The key
is a depositor's of the upper ledger. A checkpoint that does not go on from the one anchored before is not anchored: that is a fault.

Example:
  evidence anchor --url http://127.0.0.1:8080 --policy court.policy --to https://ledger.province.example --upper-policy province.policy \\
    --key court-at-province.pem --id court-17 --out anchors --every 3600`

const flags = [
  ...clientFlags({
    policy: `${policyDefault}; that of the lower ledger`,
  }),
  ['--to <url>', 'the upper ledger', required],
  ['--upper-policy <file>', 'policy of the upper ledger', required],
  ['--out <dir>', 'folder of the anchors', 'anchors'],
  ['--every <seconds>', 'pause between two checkpoints', '3600'],
  ['--once', 'anchor the newest checkpoint, then end'],
] as const
type AnchorOptions = OptionsOf<typeof flags>

/** `evidence anchor` */
export function anchorCommand(program: Command): void {
  declare(
    program.command('anchor'),
    'deposit a ledger’s checkpoints into another ledger, on a schedule',
    flags,
    help,
  ).action(async (options: AnchorOptions) => {
    process.exitCode = await anchor(options)
  })
}

async function anchor(options: AnchorOptions): Promise<number> {
  const output = outputOf(options)
  const pauseMs = seconds(options.every, '--every') * 1000
  const lowerPolicy = policyOf(options)
  const { key, path } = clientKey(options)
  const lower = clientOf(options, output)
  const upper = new LedgerClient(options.to)
  const upperPolicy = readPolicyFile(options.upperPolicy)
  const upperLedger = (): Promise<SigningLedger> => signingLedgerUnder(upper, upperPolicy, options.upperPolicy)
  const stopped = stopSignal()
  for (let identity: Identity | undefined; ; ) {
    try {
      identity ??= await identify(options, upper, key, path)
      const made = await anchorNewest(lower, lowerPolicy, upperLedger, identity, options.out)
      const [file, text] = made ?? [undefined, 'the newest checkpoint is anchored already']
      output.line({ anchored: file !== undefined, ...defined({ anchor: file }) }, text)
    } catch (error) {
      // Out of reach for now is no reason to end a schedule; anything else is for the operator.
      if (options.once === true || !isEvidenceError(error) || error.kind.exit !== 3) throw error
      output.note(`evidence: ${error.code}: ${error.message}; trying again at the next turn`)
    }
    if (options.once === true) return 0
    await pause(pauseMs, stopped)
    if (stopped.aborted) return 0
  }
}

/** The path of a new anchor and what to say of it; undefined where there is nothing new. */
async function anchorNewest(
  lower: LedgerClient,
  lowerPolicy: Policy,
  upperLedger: () => Promise<SigningLedger>,
  identity: Identity,
  out: string,
): Promise<readonly [string, string] | undefined> {
  const bytes = await lower.fetchBytes('/checkpoint')
  if (bytes === undefined) throw new EvidenceError('server-answer', `there is no checkpoint at ${lower.url}`)
  const note = trustedNote(bytes, lowerPolicy)
  const { origin, size } = note.checkpoint
  const last = lastAnchor(out, origin)
  if (last !== undefined && (await isKnown(lower, last, note))) return undefined
  const item = { size: bytes.length, digest: { sha256: toHex(sha256(bytes)) }, mediaType: checkpointType }
  const upper = await upperLedger()
  const { index, time, receipt } = await signAndDeposit(upper, identity, depositKind, { items: [item] })
  const path = join(out, `${String(size).padStart(12, '0')}.anchor`)
  await inPrivateFolder(out, () =>
    writeOutput(outputKinds.anchor, path, encodeAnchor({ lower: bytes, upper: utf8(receipt) })),
  )
  return [path, `anchored ${size} entries of ${origin} as entry ${index} of ${upper.client.url}, ${time}: ${path}`]
}

/** The largest anchor of a ledger in a folder. */
function lastAnchor(folder: string, origin: string): Anchor | undefined {
  if (!existsSync(folder)) return undefined
  const names = readdirSync(folder).filter((name) => name.endsWith('.anchor'))
  const own = names
    .map((name) => parseAnchor(new Uint8Array(readNamed(join(folder, name), maxAnchorBytes))))
    .filter(({ checkpoint }) => checkpoint.origin === origin)
  return own.sort((a, b) => b.checkpoint.size - a.checkpoint.size)[0]
}

/** True for a checkpoint that was anchored already. Throws `consistency-invalid` for one that does not go on from the last. */
async function isKnown(
  lower: LedgerClient,
  { checkpoint: last }: Anchor,
  { checkpoint }: SignedNote,
): Promise<boolean> {
  const { size: from, root: root1 } = last
  const { size: to, root: root2 } = checkpoint
  if (from <= to) {
    const hashes = from === to ? [] : (await lower.consistency(from, to)).hashes.map((hash) => fromBase64(hash))
    if (verifyConsistency({ size1: from, size2: to, root1, root2, proof: hashes })) return from === to
  }
  throw new EvidenceError(
    'consistency-invalid',
    'the ledger does not go on from the checkpoint that was anchored last',
    { expected: `from size ${from}, root ${toBase64(root1)}`, found: `size ${to}` },
  )
}
