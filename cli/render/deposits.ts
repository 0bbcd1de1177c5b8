import type { JobOutcome } from '../deposit/run.ts'
import type { Output } from './output.ts'
import { exitOfRefusal } from './verdict.ts'

/** Prints what came of each job, and what to do about those that were refused. */
export function report(outcomes: readonly JobOutcome[], output: Output): void {
  const lines = outcomes.flatMap((job) => {
    const [receipt] = job.receipts ?? []
    const failed = job.error === undefined ? '' : `: ${job.error.code}: ${job.error.message}`
    const kept = job.statement
    if (job.index === undefined) {
      const told =
        kept === undefined ? [] : [`  signed statement is kept; to send it again: evidence deposit --resend ${kept}`]
      return [`${job.outcome.padEnd(13)} ${job.name}${failed}`, ...told]
    }
    // What happened to the entry later, only the ledger knows: nobody was asked.
    const isAsked = job.outcome !== 'existing' || job.time !== undefined
    const when = job.time === undefined ? '' : `, ${job.time}`
    const skipped = (job.skipped ?? []).map(({ name, why }) => `  not recorded: ${name} (${why})`)
    return [
      `${job.outcome.padEnd(13)} ${job.name} as entry ${job.index}${when}`,
      ...(job.manifest === undefined ? [] : [`  manifest ${job.manifest}`]),
      `  receipt  ${receipt}${(job.receipts?.length ?? 0) > 1 ? `, and beside each of the other files` : ''}`,
      ...(isAsked
        ? []
        : [
            '  by that receipt; the ledger was not asked what happened since, such as a retraction: evidence check --online',
          ]),
      ...(job.cosigned === false ? [`  not cosigned yet; later: evidence show ${job.index} --receipt ${receipt}`] : []),
      ...skipped,
    ]
  })
  const failure = outcomes.find(({ error }) => error !== undefined)?.error
  const rest = outcomes.filter(({ index }) => index === undefined).length
  if (failure !== undefined)
    lines.push(`${outcomes.length - rest} of ${outcomes.length} deposited; ${rest} not. ${failure.kind.action}`)
  const document = outcomes.map(({ error, ...job }) =>
    error === undefined
      ? job
      : { ...job, error: { code: error.code, message: error.message, action: error.kind.action } },
  )
  output.result({ deposits: document }, lines)
}

/** The exit code of the first refusal; 0 where there is none. */
export function exitCodeOf(outcomes: readonly JobOutcome[]): number {
  const [first] = outcomes.flatMap(({ error }) => (error === undefined ? [] : [exitOfRefusal(error, ['deposit'])]))
  return first ?? 0
}
