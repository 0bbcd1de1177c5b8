import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { signatureTypes } from '../../src/core/cosignature.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { promote } from '../../src/ledger/copy/promote.ts'
import { restoreBackup } from '../../src/ledger/copy/restore.ts'
import { dataFolder, readOwnKey, readPolicyFile } from '../../src/ledger/data-folder.ts'
import { readSigningState } from '../../src/ledger/signing-state.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { knownCheckpoint } from '../files/known-checkpoint.ts'
import { acceptMissing, acceptMissingFlag } from '../options/missing-claims.ts'
import { commonFlags, outputOf } from '../options/client.ts'
import { dataDir, noteOwn } from '../options/policy.ts'
import { count } from '../../src/core/text.ts'
import { declare, type OptionsOf, repeated, required } from '../options/declare.ts'
import { commandLine } from '../render/command-line.ts'
import { progressOf } from '../render/progress.ts'

const danger = `
Why --take-over must be said: two copies of a ledger that both sign give the same index to different entries. Both histories
are validly signed, and nobody can tell which receipts count. Say it only when the original can never sign again: its disk
is lost, or its folder was removed. No program can know that.`

const help = `
Judges every entry by the rulebook while the database is built anew, then compares the tree with the signed checkpoint and
against every --known-checkpoint (a file, a receipt, or a URL); the folder appears when all of it holds. A backup made with
--final may sign at once; any other stays shut until "evidence promote --take-over", or with --take-over here.
The ledger's private keys are not in a backup: put them in NEW/keys/ (ledger.pem, ledger-ml-dsa.key), mode 0600.
${danger}

Example:
  evidence restore --from /backup/ledger --data /srv/ledger --known-checkpoint photo.jpg.tlog-proof`

const restoreFlags = [
  ...commonFlags,
  ['--from <backup>', 'folder that "evidence backup" wrote', required],
  ['--known-checkpoint <file|url>', 'checkpoint or receipt that the ledger must not be put back behind', repeated],
  acceptMissingFlag,
  ['--take-over', 'the original will never sign again: this copy continues the ledger'],
] as const

/** `evidence restore --from BACKUP` */
export function restoreCommand(program: Command): void {
  declare(program.command('restore'), 'make a data folder of a backup', restoreFlags, help).action(
    async (options: OptionsOf<typeof restoreFlags>) => {
      installNativePrimitives()
      const output = outputOf(options)
      const root = dataDir(options)
      const known = await Promise.all((options.knownCheckpoint ?? []).map(knownCheckpoint))
      const { onProgress, stop } = progressOf(output, 'restoring', 'entries')
      const result = await restoreBackup({
        from: options.from,
        root,
        known,
        takeOver: options.takeOver === true,
        ...acceptMissing(options, output),
        onProgress,
      }).finally(stop)
      noteOwn(root)
      output.result({ data: root, ...result }, [
        `restored ${result.origin} to ${root}: ${count(result.size)} entries, every one judged`,
        ...(result.maySign
          ? []
          : [
              'it does not sign: if the original will never sign again, run',
              `  evidence promote --data ${root} --take-over`,
            ]),
        ...keyNotice(root),
      ])
    },
  )
}

const promoteHelp = `
For a follower whose leader is lost, a restored copy, or a move that was called off. Stop "evidence follow" first. The copy is
verified, and compared with every --known-checkpoint, before it may sign.
${danger}

Example:
  evidence promote --data /srv/follower --take-over --known-checkpoint photo.jpg.tlog-proof`

const promoteFlags = [
  ...commonFlags,
  ['--known-checkpoint <file|url>', 'checkpoint or receipt that the copy must not be behind', repeated],
  ['--take-over', 'the original will never sign again: this copy continues the ledger'],
] as const

/** `evidence promote` */
export function promoteCommand(program: Command): void {
  declare(
    program.command('promote'),
    'let a follower or a restored copy sign from now on',
    promoteFlags,
    promoteHelp,
  ).action(async (options: OptionsOf<typeof promoteFlags>) => {
    installNativePrimitives()
    const root = dataDir(options)
    const known = await Promise.all((options.knownCheckpoint ?? []).map(knownCheckpoint))
    await requireLeaderGone(root)
    const { size, was, unmarked, claimsShut, reading, openDisclosures } = await promote({
      root,
      known,
      takeOver: options.takeOver === true,
    })
    const document = {
      data: root,
      size,
      was: was ?? null,
      maySign: true,
      reading,
      openDisclosures,
      claimsShut,
      unmarked: unmarked ?? null,
    }
    outputOf(options).result(document, [
      was === undefined
        ? `the ledger in ${root} could sign already; ${count(size)} entries`
        : `the ledger in ${root} signs from now on, after ${count(size)} entries`,
      ...(unmarked === undefined
        ? []
        : [
            `the final backup ${unmarked} could not be marked: destroy it, or it is restored to a second ledger that signs`,
          ]),
      ...readingLines(root, reading, openDisclosures),
      ...keyNotice(root),
      ...(claimsShut
        ? [
            `no sealed claim is shown yet: orders to erase after entry ${size - 1} may be missing. Have them sent in again, then run`,
            `  ${commandLine('evidence', 'ledger', 'open-claims', '--orders-sent', ['--data', root])}`,
          ]
        : []),
      `next: evidence serve --data ${root}`,
    ])
  })
}

/** Who may read: the copy has it from its source, which signs nothing of it, so a person is to look. */
function readingLines(root: string, reading: string, openDisclosures: boolean): string[] {
  const claims = openDisclosures ? ', and sealed claims to who may read the entry' : ''
  return [
    `reading is ${reading}${claims}, as the source of this copy said: if that is wrong, correct ${root}/config.json before it serves`,
  ]
}

/**
 * A follower knows where its leader was: one that still answers there is alive, and would go on signing beside this copy. Throws
 * `ledger-standby`.
 */
async function requireLeaderGone(root: string): Promise<void> {
  const state = readSigningState(dataFolder(root))
  if (state?.standing !== 'follows') return
  const client = new LedgerClient(state.of, undefined, { retries: 0, timeoutMs: 5000 })
  const [health, checkpoint] = await Promise.all(
    ['/healthz', '/checkpoint'].map((path) => client.fetchBytes(path).catch(() => undefined)),
  )
  if (health === undefined || !/^\{"status":"ok"\}$/.test(Buffer.from(health).toString('latin1'))) return
  // Something else may have the address by now. A ledger that shows no checkpoint waits for its follower.
  const { name } = readOwnKey(dataFolder(root))
  if (checkpoint !== undefined && !Buffer.from(checkpoint).toString('utf8').startsWith(`${name}\n`)) return
  throw new EvidenceError(
    'ledger-standby',
    `the leader ${state.of} is alive: it answers; two that sign are two histories, so stop it first, for good`,
    { where: root },
  )
}

/** Which keys of the ledger are to be brought: a copy has none. */
function keyNotice(root: string): string[] {
  const { ledgerKey, ledgerMlDsaKey, policy } = dataFolder(root)
  const { logs, witnesses } = readPolicyFile(policy)
  const hasSecond = witnesses.some(
    ({ key }) => key.type === signatureTypes.mlDsa44 && logs.some((log) => log.key.name === key.name),
  )
  return [ledgerKey, ...(hasSecond ? [ledgerMlDsaKey] : [])]
    .filter((path) => !existsSync(path))
    .map((path) => `the ledger’s private key is not here: put it in ${path}, mode 0600`)
}
