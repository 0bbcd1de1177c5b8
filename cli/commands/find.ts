import { existsSync, statSync } from 'node:fs'
import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/index.ts'
import { digestFile } from '../../src/node/index.ts'
import { digestArgument } from '../digest-argument.ts'
import { type ClientOptions, clientOf, outputOf, withClient } from '../options.ts'
import { withIdentityIfAny } from './show.ts'

interface FindOptions extends ClientOptions {
  readonly digest?: string
  readonly case?: string
  readonly participant?: string
  readonly kind?: string
  readonly after?: string
  readonly limit?: string
}

const help = `
Example:
  evidence find photo.jpg
  evidence find --case "(2026)沪0104刑初123号"
  evidence find --digest sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824`

/** `evidence find` */
export function findCommand(program: Command): void {
  withClient(program.command('find [file]').description('find entries by file, digest, case, participant or kind'))
    .option('--digest <algorithm:hex>', 'digest of an item')
    .option('--case <number>', 'case number; needs the right to read it')
    .option('--participant <id>', 'issuer, or subject of a registry entry')
    .option('--kind <kind>', 'kind of statement')
    .option('--after <index>', 'only entries after this one')
    .option('--limit <n>', 'most entries of a page (1 to 1000, default 100)')
    .addHelpText('after', help)
    .action(async (file: string | undefined, options: FindOptions) => {
      const output = outputOf(options)
      const client = await withIdentityIfAny(options, clientOf(options, output))
      const page = await client.find(await queryOf(file, options))
      const lines = page.entries.map(({ index, time, kind, iss, items }) => [
        String(index),
        time,
        kind,
        iss,
        ...(items === undefined ? [] : [`${items} item${items === 1 ? '' : 's'}`]),
      ])
      const more = page.next === null ? [] : [`more: --after ${page.next}`]
      output.result(page, lines.length === 0 ? ['nothing found'] : [...lines, ...more])
    })
}

async function queryOf(file: string | undefined, options: FindOptions): Promise<Record<string, string>> {
  const query: Record<string, string> = {}
  for (const name of ['digest', 'case', 'participant', 'kind', 'after', 'limit'] as const) {
    const value = options[name]
    if (value !== undefined) query[name] = value
  }
  if (options.digest !== undefined) digestArgument(options.digest, '--digest')
  if (file === undefined) return query
  if (!existsSync(file) || !statSync(file).isFile())
    throw new EvidenceError('file-unreadable', `there is no file ${file}`, { where: file })
  const { digest } = await digestFile(file, ['sha256'])
  return { ...query, digest: `sha256:${digest.sha256}` }
}
