import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/errors.ts'
import { verifyConsistency } from '../../src/core/merkle/verify.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { UrlSource } from '../../src/client/url-source.ts'
import { type Anchor, encodeAnchor, parseAnchor } from '../../src/verify/anchor.ts'
import { LogView } from '../../src/log/view.ts'
import { readArtefact } from '../../src/check/node/artefact.ts'
import { outputKinds, writeOutput } from '../files/outputs.ts'
import { commonFlags, outputOf } from '../options/client.ts'
import { StaticSource } from '../sources/static-source.ts'
import { declare, type OptionsOf } from '../options/declare.ts'

const help = `
Makes the anchor that leads on from one receipt: of those given (ANCHOR…), the smallest whose checkpoint is not smaller than the receipt's, with the
consistency proof between them, out of the lower ledger's tiles (the ledger itself, a mirror or an export). With it the receipt is checked
by "evidence check FILE --anchor OUT --policy UPPER" when the lower ledger is gone. RECEIPT may be an anchor itself: then it is made for its
upper receipt, one ledger higher.

Example:
  evidence anchor-for photo.jpg.tlog-proof anchors/*.anchor --url https://ledger.court.example`

const flags = [
  ...commonFlags,
  ['--url <url>', 'the receipt’s ledger, or a mirror of it'],
  ['--dir <dir>', 'a mirror or export of it'],
  ['--out <file>', 'where to write it (default: RECEIPT.anchor)'],
] as const
type AnchorForOptions = OptionsOf<typeof flags>

/** `evidence anchor-for RECEIPT ANCHOR…` */
export function anchorForCommand(program: Command): void {
  declare(
    program.command('anchor-for <receipt> <anchor...>'),
    'make the anchor that leads on from one receipt',
    flags,
    help,
  ).action(async (receipt: string, anchors: string[], options: AnchorForOptions) => {
    await anchorFor(receipt, anchors, options)
  })
}

async function anchorFor(path: string, anchors: readonly string[], options: AnchorForOptions): Promise<void> {
  const { url, dir } = options
  if ((url === undefined) === (dir === undefined)) throw new EvidenceError('usage', 'give one of --url and --dir')
  const { origin, size, root } = checkpointOf(path)
  const anchor = smallest(
    anchors.map((file) => parseAnchor(readArtefact(file))),
    origin,
    size,
  )
  const source = dir === undefined ? new UrlSource(new LedgerClient(url as string)) : new StaticSource(dir)
  const { checkpoint, lower, upper } = anchor
  const hashes = size === checkpoint.size ? [] : await (await LogView.open(source)).consistency(size, checkpoint.size)
  if (!verifyConsistency({ size1: size, size2: checkpoint.size, root1: root, root2: checkpoint.root, proof: hashes })) {
    throw new EvidenceError('consistency-invalid', 'the anchored checkpoint does not go on from the receipt’s', {
      expected: `from size ${size}`,
      found: `size ${checkpoint.size}`,
    })
  }
  const out = options.out ?? `${path}.anchor`
  writeOutput(outputKinds.anchor, out, encodeAnchor({ lower, link: { from: size, hashes }, upper }))
  outputOf(options).result({ receipt: path, anchor: out, from: size, to: checkpoint.size }, [
    `wrote ${out}: from the receipt’s ${size} entries to the ${checkpoint.size} that are anchored`,
  ])
}

/** The checkpoint of a receipt, or of the receipt in an anchor. */
function checkpointOf(path: string) {
  const bytes = readArtefact(path)
  const isAnchor = Buffer.from(bytes).toString('latin1').startsWith('evidence-ledger/anchor/')
  return (isAnchor ? parseAnchor(bytes).receipt : parseReceipt(bytes)).proof.checkpoint
}

function smallest(anchors: readonly Anchor[], origin: string, size: number): Anchor {
  const own = anchors.filter(({ checkpoint }) => checkpoint.origin === origin)
  if (own.length === 0) throw new EvidenceError('anchor-missing', `none of the anchors is of ${origin}`)
  const found = own
    .filter(({ checkpoint }) => checkpoint.size >= size)
    .sort((a, b) => a.checkpoint.size - b.checkpoint.size)
  if (found[0] !== undefined) return found[0]
  throw new EvidenceError('anchor-unconnected', `every anchor of ${origin} is older than the receipt`, {
    expected: `at least ${size} entries`,
    found: own.map(({ checkpoint }) => checkpoint.size).join(', '),
  })
}
