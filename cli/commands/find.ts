import { statSync } from 'node:fs'
import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/errors.ts'
import { defined } from '../../src/core/objects.ts'
import { counted, textOfBytes } from '../../src/core/text.ts'
import type { EntryPage, LedgerClient } from '../../src/client/ledger-client.ts'
import { digestBytes, digestFile } from '../../src/node/file-digest.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { manifestAt } from '../../src/check/node/artefact.ts'
import { manifestsAbove } from '../../src/check/node/evidence-files.ts'
import { manifestPath } from '../../src/node/folder-manifest.ts'
import { clientFlags, clientOf, outputOf, withIdentityIfAny } from '../options/client.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { fileArgument } from '../options/file-argument.ts'
import { digestArgument } from '../options/values.ts'
import { when } from '../render/when.ts'

const help = `
Exit code 0 says that the ledger was asked, whether it found something or not: in the JSON "entries" is empty where it did not. A file
deposited within a folder is found through a manifest near it that lists its SHA-256. An exhibit has the number that its collector gave it, and
others may give the same: name the case or the depositor (--participant) too.

Example:
  evidence find photo.jpg
  evidence find --case "(2026)沪0104刑初123号"
  evidence find --exhibit EX-12 --case "(2026)沪0104刑初123号"
  evidence find --digest sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824`

const flags = [
  ...clientFlags(),
  ['--digest <algorithm:hex>', 'digest of an item'],
  ['--case <number>', 'case number; needs the right to read it'],
  ['--exhibit <number>', 'number of an exhibit, as its "collection" has it; needs the right to read it'],
  ['--participant <id>', 'issuer, or subject of a registry entry'],
  ['--kind <kind>', 'kind of statement'],
  ['--after <index>', 'only entries after this one'],
  ['--limit <n>', 'most entries of a page (1 to 1000, default 100)'],
] as const
type FindOptions = OptionsOf<typeof flags>

/** `evidence find` */
export function findCommand(program: Command): void {
  declare(
    program.command('find [file]'),
    'find entries by file, digest, case, exhibit, participant or kind',
    flags,
    help,
  ).action(async (file: string | undefined, options: FindOptions) => {
    const output = outputOf(options)
    const client = await withIdentityIfAny(options, clientOf(options, output))
    const found = await find(client, file === undefined ? undefined : fileArgument(file), options)
    const { page, through } = found
    const lines = page.entries.map(({ index, time, kind, iss, items }) => [
      String(index),
      when(time),
      kind,
      iss,
      ...(items === undefined ? [] : [counted(items, 'item')]),
    ])
    const more = page.next === null ? [] : [`more: --after ${page.next}`]
    const within = through === undefined ? [] : [`within a folder: ${through.manifest} lists it as ${through.listedAs}`]
    const nothing = lines.length > 0 ? [] : ['nothing found', ...(file === undefined ? [] : limits)]
    const document = {
      ...page,
      ...defined({ through }),
      ...(nothing.length > 1 ? { limits } : {}),
    }
    output.result(document, [...within, ...lines, ...nothing, ...more])
  })
}

/** What "nothing found" does not say of a file. */
const limits: readonly string[] = [
  'This does not say that the file was never deposited. The ledger was asked for its SHA-256 alone:',
  '  a file deposited within a folder is in the folder’s manifest, and the ledger knows the manifest only; look that up: evidence find FOLDER.evidence-manifest',
  '  a file deposited by other digests only is found by them: --digest sm3:HEX',
]

interface Found {
  readonly page: EntryPage
  /** The manifest by which a file was found. */
  readonly through?: { readonly manifest: string; readonly listedAs: string }
}

/** Looks a file up by its digest, and by that of a manifest near it that lists it where the ledger does not know its own. */
async function find(client: LedgerClient, file: string | undefined, options: FindOptions): Promise<Found> {
  const query = queryOf(options)
  if (file === undefined) return { page: await client.find(query) }
  const sha256 = await sha256Of(file)
  const page = await client.find({ ...query, digest: `sha256:${sha256}` })
  if (page.entries.length > 0 || options.after !== undefined) return { page }
  for (const { manifest } of manifestsAbove(file)) {
    const read = manifestAt(manifest)
    const line = read.line(read.withDigest(sha256)[0] ?? -1)
    if (line === undefined) continue
    const digest = `sha256:${digestBytes(read.bytes, ['sha256']).digest.sha256}`
    const within = await client.find({ ...query, digest })
    if (within.entries.length > 0) return { page: within, through: { manifest, listedAs: textOfBytes(line.path) } }
  }
  return { page }
}

async function sha256Of(file: string): Promise<string> {
  if (statSync(fsPath(file), { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new EvidenceError(
      'file-unreadable',
      `${file} is a folder; look up its manifest: evidence find ${manifestPath(file)}`,
      { where: file },
    )
  }
  return (await digestFile(file, ['sha256'])).digest.sha256 as string
}

function queryOf(options: FindOptions): Record<string, string> {
  const query: Record<string, string> = {}
  for (const name of ['digest', 'case', 'exhibit', 'participant', 'kind', 'after', 'limit'] as const) {
    const value = options[name]
    if (value !== undefined) query[name] = value
  }
  if (options.digest !== undefined) digestArgument(options.digest, '--digest')
  return query
}
