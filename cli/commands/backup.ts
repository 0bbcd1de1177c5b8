import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/errors.ts'
import { count } from '../../src/core/text.ts'
import { BackupFolder } from '../../src/ledger/copy/backup-folder.ts'
import { type BackupResult, makeBackup } from '../../src/ledger/copy/backup.ts'
import { backUpFolder } from '../../src/ledger/copy/final.ts'
import { readOwnKey, readPolicyBytes } from '../../src/ledger/data-folder.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { clientFlags, outputOf, signedClient } from '../options/client.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { acceptMissing, acceptMissingFlag } from '../options/missing-claims.ts'
import { keptText, operatorErasuresFlag } from '../options/operator-erasures.ts'
import { dataDir, requirePolicy } from '../options/policy.ts'
import type { Output } from '../render/output.ts'
import { progressOf } from '../render/progress.ts'
import { UrlPieces } from '../sources/url-pieces.ts'

const help = `
A backup is a folder of files: tiles and entries as "evidence export" writes them, disclosures, the list of erasures, the
signed checkpoint. Run it again and it writes what is new; each run is verified before its checkpoint is taken over, and
what an order in the ledger erased goes from the backup. What the operator erased without one is kept, unless
--operator-erasures is given: else somebody who has the ledger's machine could empty its backups. Private keys are never in it (docs/operations/key-ceremony.md).
It keeps one state, the newest, and no history: for older states take a folder for each, or snapshots of what it lies on.

A stopped ledger is read from its folder; a running one is asked over HTTP, by an auditor's key (--url; the second example is the
line of a crontab, for every night). --final is for moving: the ledger must be stopped, and its folder never signs again.

Example:
  evidence backup /backup/ledger --data ./data
  15 2 * * * evidence backup /backup/ledger --url https://ledger.court.example --key /etc/evidence/backup.pem --id backup --policy /etc/evidence/court.policy
  evidence verify --dir /backup/ledger --policy court.policy`

const flags = [
  ...clientFlags({
    url: 'none, and the data folder is read, whatever environment and profile name',
    policy: 'the one in the backup or data folder; for --url',
  }),
  ['--final', 'for moving: the data folder signs no more, wherever the backup is restored does'],
  acceptMissingFlag,
  operatorErasuresFlag,
] as const
type BackupCommandOptions = OptionsOf<typeof flags>

/** `evidence backup OUT` */
export function backupCommand(program: Command): void {
  declare(program.command('backup <out>'), 'write a backup, or bring one up to date', flags, help).action(
    async (out: string, options: BackupCommandOptions) => {
      installNativePrimitives()
      const output = outputOf(options)
      const result = await (options.url === undefined
        ? ofFolder(out, options, output)
        : ofServer(out, options.url, options, output))
      output.result({ out, ...result }, [
        `${out} holds ${count(result.size)} entries: ${count(result.added)} new, told of ${count(result.erased)} erasures`,
        ...keptText(result.kept),
        ...(result.final
          ? [
              `final: ${dataDir(options)} signs no more`,
              `  restore with: evidence restore --from ${out} --data NEW, then put the ledger’s key in NEW/keys`,
            ]
          : []),
        `  verify with: evidence verify --dir ${out} --policy ${join(out, 'policy')}`,
      ])
    },
  )
}

async function ofFolder(out: string, options: BackupCommandOptions, output: Output): Promise<BackupResult> {
  if (options.policy !== undefined) throw new EvidenceError('usage', '--policy is for --url: a folder has its own')
  const { onProgress, stop } = progressOf(output, 'backing up', 'entries')
  return backUpFolder({
    root: dataDir(options),
    out,
    final: options.final === true,
    ...acceptMissing(options, output),
    operatorErasures: options.operatorErasures === true,
    onProgress,
  }).finally(stop)
}

async function ofServer(
  out: string,
  url: string,
  options: BackupCommandOptions,
  output: Output,
): Promise<BackupResult> {
  if (options.final === true)
    throw new EvidenceError('usage', '--final is for a stopped ledger: name its folder by --data')
  const own = BackupFolder.paths(out).policy
  const path = options.policy === undefined && existsSync(own) ? own : requirePolicy(options).path
  if (!existsSync(path)) throw new EvidenceError('usage', 'name the ledger’s policy by --policy FILE', { where: path })
  const { client, identity } = await signedClient({ ...options, url }, output)
  const source = new UrlPieces(client.as(identity))
  const { onProgress, stop } = progressOf(output, 'backing up', 'entries')
  const [key, policy] = [readOwnKey({ policy: path }), readPolicyBytes(path)]
  const operatorErasures = options.operatorErasures === true
  return makeBackup({
    source,
    out,
    key,
    policy,
    ...acceptMissing(options, output),
    operatorErasures,
    onProgress,
  }).finally(stop)
}
