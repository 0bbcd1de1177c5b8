import type { Outcome, OutcomeKind } from '../check/steps/outcome.ts'
import type { EvidenceError } from '../core/errors.ts'
import { visible } from '../core/text.ts'
import { findingOf } from '../verify/report.ts'
import type { Words } from '../words/index.ts'
import { topicOf } from '../words/topic.ts'
import type { Told } from './told.ts'

/** What a refusal comes to: what could not be looked at is missing, what cannot be judged needs a newer checker, what is malformed is broken. */
function kindOfRefusal({ kind: { exit } }: EvidenceError): OutcomeKind {
  return exit === 1 ? 'broken' : exit === 4 ? 'newer' : 'missing'
}

/** What a refusal comes to, with the finding that says why. */
export function outcomeOfRefusal(refusal: EvidenceError): Outcome {
  return { kind: kindOfRefusal(refusal), standing: undefined, why: findingOf(refusal) }
}

/** Puts into words why something that was handed over could not be checked. */
export function tellRefusal(path: string, refusal: EvidenceError, { check }: Words): Told {
  const outcome = outcomeOfRefusal(refusal)
  const { kind } = outcome
  const finding = findingOf(refusal)
  const { code, message, where, expected, found } = finding
  const { sentence } = check
  const own =
    code === 'receipt-not-found' ? sentence.missingReceipt : code === 'usage' ? sentence.missingPolicy : undefined
  const told = {
    code,
    sentence: check.topic[topicOf(code)],
    message: visible(message),
    where: where === undefined ? undefined : visible(where),
    expected: expected === undefined ? undefined : visible(expected),
    found: found === undefined ? undefined : visible(found),
  }
  return {
    outcome,
    title: check.outcome[kind],
    sentence: own ?? (kind === 'broken' ? sentence.broken : kind === 'newer' ? sentence.newer : sentence.missingOther),
    notices: [],
    subject: { label: check.facts.file, value: visible(path) },
    who: [],
    when: [],
    word: [],
    limits: [],
    later: [],
    steps: [],
    path: [],
    faults: own === undefined && kind !== 'newer' ? [told] : [],
    unjudged: kind === 'newer' ? [told] : [],
    files: [],
    summary: [],
  }
}
