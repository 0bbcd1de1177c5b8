import type { Command } from 'commander'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { maxEntryVersion } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { closeReasons, endIntakeReasons } from '../../src/statements/vocabulary.ts'
import { readArtefact } from '../artefact.ts'
import { type ChangeOptions, submitChange, withProposing } from '../statements/change.ts'
import { openCodeArgument, outputOf, withClient } from '../options/client.ts'

interface EndOptions extends ChangeOptions {
  readonly reason: string
  readonly successor?: string
}

/** A command of an administrator that several may have to approve. */
function change(program: Command, name: string, description: string): Command {
  return withProposing(withClient(program.command(name).description(description)))
}

/** What the ending of a ledger, or of its intake, says. */
function endingOf(options: EndOptions, reasons: readonly string[]): object {
  const { reason, successor } = options
  return {
    reason: openCodeArgument(reason, reasons, 'reason', outputOf(options)),
    ...(successor === undefined ? {} : { successor: successorFrom(successor) }),
  }
}

function withEnding(command: Command, reasons: readonly string[]): Command {
  return command
    .requiredOption('--reason <code>', `one of ${reasons.join(', ')}, or another code`)
    .option(
      '--successor <file>',
      'the first checkpoint, of size 1, of the ledger that goes on ("evidence init --continues")',
    )
}

/** `evidence close-ledger` */
export function closeLedgerCommand(program: Command): void {
  const description = 'close a ledger for good: nothing comes after it (an administrator signs)'
  withEnding(change(program, 'close-ledger', description), closeReasons)
    .addHelpText(
      'after',
      '\nExample:\n  evidence close-ledger --reason continued --successor next.checkpoint --key clerk.pem --id clerk',
    )
    .action(async (options: EndOptions) => {
      await submitChange(options, 'ledger.close', endingOf(options, closeReasons))
    })
}

/** `evidence end-intake` */
export function endIntakeCommand(program: Command): void {
  const description = 'end the intake for good: no deposit comes after it, all else goes on (an administrator signs)'
  withEnding(change(program, 'end-intake', description), endIntakeReasons)
    .addHelpText(
      'after',
      `
Attestations, retractions, revocations and changes of keys still come, so a year’s ledger ends by it. "evidence close-ledger"
ends everything: for a ledger whose key is lost.

Example:
  evidence end-intake --reason period-ended --successor next.checkpoint --key clerk.pem --id clerk`,
    )
    .action(async (options: EndOptions) => {
      await submitChange(options, 'ledger.end-intake', endingOf(options, endIntakeReasons))
    })
}

/** `evidence set-format VERSION` */
export function setFormatCommand(program: Command): void {
  const description = 'announce that entries of a later version may follow (an administrator signs)'
  change(program, 'set-format <version>', description)
    .addHelpText(
      'after',
      `
A verifier of today does not judge entries of an announced version, and says so; one that nobody announced is a fault. This version
of the software writes entries of version 1 alone: announce another only for software that writes it.

Example:
  evidence set-format 2 --key clerk.pem --id clerk`,
    )
    .action(async (version: string, options: ChangeOptions) => {
      const number = /^[1-9][0-9]{0,8}$/.test(version) ? Number(version) : Number.NaN
      if (!(number >= 2 && number <= maxEntryVersion))
        throw new EvidenceError('usage', `${JSON.stringify(version)} is not an entry version, 2 to ${maxEntryVersion}`)
      await submitChange(options, 'ledger.set-format', { version: number })
    })
}

function successorFrom(path: string): { origin: string; checkpoint: string } {
  const bytes = readArtefact(path)
  const { checkpoint } = parseSignedCheckpoint(bytes)
  return { origin: checkpoint.origin, checkpoint: Buffer.from(bytes).toString('utf8') }
}
