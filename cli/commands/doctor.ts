import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { counted } from '../../src/core/text.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import { attempt, type Check } from '../doctor/check.ts'
import { folderChecks } from '../doctor/folder.ts'
import { roomChecks, softwareChecks } from '../doctor/machine.ts'
import { namedModes } from '../doctor/modes.ts'
import { serverChecks } from '../doctor/server.ts'
import { commonFlags, outputOf } from '../options/client.ts'
import { dataDir } from '../options/policy.ts'
import { passphraseFile, passphraseFor } from '../options/passphrase.ts'
import { declare, type OptionsOf } from '../options/declare.ts'

const help = `
Looks at the software, the machine and the data folder, and with --url at a running server: what was found, and what to do.
Changes nothing. It does not read every entry: that is "evidence verify". Exit code 0 where nothing failed (warnings may
stand), 1 where the data do not hold, 3 where something keeps the ledger from running.

Example:
  evidence doctor --data /srv/ledger --passphrase-file ledger.pass --url https://ledger.court.example`

const flags = [
  ...commonFlags,
  ['--url <url>', 'a running server to ask as well'],
  ['--config <file>', 'the server’s settings, whose mode is looked at'],
  ['--passphrase-file <file>', 'file that holds the passphrase of the keys, which are opened with it'],
] as const

/** `evidence doctor` */
export function doctorCommand(program: Command): void {
  declare(program.command('doctor'), 'look for what is wrong with a ledger and its machine', flags, help).action(
    async (options: OptionsOf<typeof flags>) => {
      const { url } = options
      if (url !== undefined && !/^https?:\/\//.test(url))
        throw new EvidenceError('usage', `${url} is not an http or https URL`)
      const root = dataDir(options)
      // Of a server alone, the folder is not missed.
      const hasFolder = existsSync(dataFolder(root).config) || options.data !== undefined || url === undefined
      const { ledgerKey, ledgerMlDsaKey } = dataFolder(root)
      let passphrase: string | undefined
      const passphraseChecks = await attempt('passphrase', () => {
        passphrase = passphraseFor([ledgerKey, ledgerMlDsaKey], passphraseFile(options))
        return []
      })
      const checks = [
        ...softwareChecks(),
        ...(hasFolder ? await attempt('machine', () => (existsSync(root) ? roomChecks(root) : [])) : []),
        ...passphraseChecks,
        ...(hasFolder ? await folderChecks(root, Date.now(), passphrase) : []),
        ...(await attempt('permissions', () => namedModes(options))),
        ...(url === undefined ? [] : await serverChecks(url, hasFolder ? root : undefined)),
      ]
      const failures = checks.filter(({ status }) => status === 'fail')
      const warnings = checks.filter(({ status }) => status === 'warn')
      outputOf(options).result({ data: hasFolder ? root : null, url: url ?? null, ok: failures.length === 0, checks }, [
        ...checks.flatMap(linesOf),
        summary(failures.length, warnings.length),
      ])
      process.exitCode = failures.some(({ exit }) => exit === 1) ? 1 : failures.length > 0 ? 3 : 0
    },
  )
}

function linesOf({ name, status, says, todo }: Check): string[] {
  const mark = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' }[status]
  return [`${mark} ${name}: ${says}`, ...(todo === undefined ? [] : [`     do: ${todo}`])]
}

function summary(failures: number, warnings: number): string {
  if (failures + warnings === 0) return 'nothing found'
  return [
    ...(failures > 0 ? [counted(failures, 'failure')] : []),
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
  ].join(', ')
}
