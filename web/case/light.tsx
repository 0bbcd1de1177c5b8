import type { JSX } from 'preact'
import { visible } from '../../src/core/text.ts'
import { topicOf } from '../../src/words/topic.ts'
import type { PolicyChoice } from '../check/policies.ts'
import { useExplorer } from '../explorer/context.ts'
import { useCase } from './context.ts'
import type { Exhibit, Light } from './examine.ts'

const marks: Readonly<Record<Light, string>> = {
  holds: '✓',
  unchanged: '✓',
  noticed: '!',
  differs: '≠',
  broken: '✗',
  newer: '↻',
  missing: '?',
}

/** The verdict of an exhibit in a mark, a word and a colour. */
export function VerdictLight({ light }: { light: Light }): JSX.Element {
  const { told } = useCase()
  return (
    <span class={`light ${light}`} data-light={light}>
      <span class="mark" aria-hidden="true">
        {marks[light]}
      </span>{' '}
      {told.light[light === 'unchanged' ? 'holds' : light]}
    </span>
  )
}

/** The verdict with its sentence, and the finding that decided. */
export function Verdict({ exhibit }: { exhibit: Exhibit }): JSX.Element {
  const { told } = useCase()
  const { words } = useExplorer()
  const { report, light } = exhibit
  const [finding] = [...report.faults, ...report.unjudged]
  return (
    <div class="exhibit-verdict">
      <VerdictLight light={light} />
      <p>{finding === undefined ? sentenceOf(exhibit, told.sentence) : words.check.topic[topicOf(finding.code)]}</p>
      {finding === undefined ? (
        ''
      ) : (
        <p class="detail" lang="en">
          <bdi dir="auto">{visible(finding.message)}</bdi> <code>{finding.code}</code>
        </p>
      )}
    </div>
  )
}

function sentenceOf({ light, report }: Exhibit, said: ReturnType<typeof useCase>['told']['sentence']): string {
  if (light === 'holds' || light === 'unchanged') return said.holds
  if (light !== 'noticed') return said.missing
  return report.later?.events.some(({ what }) => what === 'retracted') === true ? said.retracted : said.keyCompromised
}

/** Whose policy judged, and its fingerprint. */
export function JudgedBy({ policy }: { policy: PolicyChoice }): JSX.Element {
  const { told } = useCase()
  const { words } = useExplorer()
  const said = words.check.policy
  return (
    <p class="judged-by">
      {told.judgedBy}: {policy.source === 'kept' ? said.kept : said.server} ({said.fingerprint}{' '}
      <code class="fingerprint">{policy.fingerprint}</code>)
    </p>
  )
}
