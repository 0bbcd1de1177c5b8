import type { Command } from 'commander'
import { defined } from '../../src/core/objects.ts'
import { counted } from '../../src/core/text.ts'
import { clientFlags, clientOf, outputOf, withIdentityIfAny } from '../options/client.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { fileArgument } from '../options/file-argument.ts'
import { digestArgument } from '../options/values.ts'
import { when } from '../render/when.ts'
import { type Found, findFile } from '../sources/file-search.ts'

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
    const query = queryOf(options)
    const { page, through }: Pick<Found, 'page' | 'through'> =
      file === undefined ? { page: await client.find(query) } : await findFile(client, fileArgument(file), query)
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

function queryOf(options: FindOptions): Record<string, string> {
  const query: Record<string, string> = {}
  for (const name of ['digest', 'case', 'exhibit', 'participant', 'kind', 'after', 'limit'] as const) {
    const value = options[name]
    if (value !== undefined) query[name] = value
  }
  if (options.digest !== undefined) digestArgument(options.digest, '--digest')
  return query
}
