import type { Command } from 'commander'
import { maxEntryVersion } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { defined } from '../../src/core/objects.ts'
import { closeReasons, endIntakeReasons } from '../../src/statements/vocabulary.ts'
import { checkpointNamed } from '../files/known-checkpoint.ts'
import { outputOf } from '../options/client.ts'
import { declare, type OptionsOf, required } from '../options/declare.ts'
import { changeFlags, type ChangeOptions, submitChange } from '../statements/change.ts'
import { openCodeArgument } from '../options/values.ts'

function endingFlags(reasons: readonly string[]) {
  return [
    ...changeFlags,
    ['--reason <code>', `one of ${reasons.join(', ')}, or another code`, required],
    ['--successor <file>', 'the first checkpoint, of size 1, of the ledger that goes on ("evidence init --continues")'],
  ] as const
}
type EndOptions = OptionsOf<ReturnType<typeof endingFlags>>

/** What the ending of a ledger, or of its intake, says. */
function endingOf(options: EndOptions, reasons: readonly string[]): object {
  const { reason, successor } = options
  return {
    reason: openCodeArgument(reason, reasons, 'reason', outputOf(options)),
    ...defined({ successor: successor === undefined ? undefined : checkpointNamed(successor) }),
  }
}

/** `evidence ledger close` */
export function closeCommand(program: Command): void {
  declare(
    program.command('close'),
    'close a ledger for good: nothing comes after it (an administrator signs)',
    endingFlags(closeReasons),
    '\nExample:\n  evidence ledger close --reason continued --successor next.checkpoint --key clerk.pem --id clerk',
  ).action((options: EndOptions) => submitChange(options, 'ledger.close', endingOf(options, closeReasons)))
}

const endIntakeHelp = `
Attestations, retractions, revocations and changes of keys still come, so a year’s ledger ends by it. "evidence ledger close"
ends everything: for a ledger whose key is lost.

Example:
  evidence ledger end-intake --reason period-ended --successor next.checkpoint --key clerk.pem --id clerk`

/** `evidence ledger end-intake` */
export function endIntakeCommand(program: Command): void {
  declare(
    program.command('end-intake'),
    'end the intake for good: no deposit comes after it, all else goes on (an administrator signs)',
    endingFlags(endIntakeReasons),
    endIntakeHelp,
  ).action((options: EndOptions) => submitChange(options, 'ledger.end-intake', endingOf(options, endIntakeReasons)))
}

const setFormatHelp = `
A verifier of today does not judge entries of an announced version, and says so; one that nobody announced is a fault. This version
of the software writes entries of version 1 alone: announce another only for software that writes it.

Example:
  evidence ledger set-format 2 --key clerk.pem --id clerk`

/** `evidence ledger set-format VERSION` */
export function setFormatCommand(program: Command): void {
  declare(
    program.command('set-format <version>'),
    'announce that entries of a later version may follow (an administrator signs)',
    changeFlags,
    setFormatHelp,
  ).action(async (version: string, options: ChangeOptions) => {
    const number = /^[1-9][0-9]{0,8}$/.test(version) ? Number(version) : Number.NaN
    if (!(number >= 2 && number <= maxEntryVersion))
      throw new EvidenceError('usage', `${JSON.stringify(version)} is not an entry version, 2 to ${maxEntryVersion}`)
    await submitChange(options, 'ledger.set-format', { version: number })
  })
}
