import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { AccessAnswer } from '../../src/api/answers.ts'
import type { ParticipantInfo } from '../../src/client/ledger-client.ts'
import { count } from '../../src/core/text.ts'
import { useExplorer } from '../explorer/context.ts'
import { useLoaded } from '../explorer/load.ts'
import { Link, Name, Time } from '../explorer/parts.tsx'
import { Refused } from '../explorer/refused.tsx'
import { useCase } from './context.ts'
import type { Exhibit } from './examine.ts'
import { isAuthority } from './people.tsx'
import { emptyRule, type RuleDraft, SetRule } from './set-rule.tsx'

type Rule = AccessAnswer['rules'][number]

/** By what each rule is ended. */
const endedBy = { grant: 'end', seal: 'unseal', hold: 'unhold' } as const

/** What stands on an exhibit, as far as the reader is shown it, and the form that sets more. */
export function WhatStands({
  origin,
  exhibit,
  participants,
}: {
  origin: string
  exhibit: Exhibit
  participants: readonly ParticipantInfo[]
}): JSX.Element {
  const { reader, key } = useExplorer()
  const { told } = useCase()
  const { standing } = told
  if (!reader.isReading || key === undefined)
    return (
      <section class="standing">
        <h2>{standing.title}</h2>
        <p>{standing.needsKey}</p>
      </section>
    )
  return <Standing origin={origin} exhibit={exhibit} participants={participants} />
}

function Standing({
  origin,
  exhibit,
  participants,
}: {
  origin: string
  exhibit: Exhibit
  participants: readonly ParticipantInfo[]
}): JSX.Element {
  const { client, said, reader } = useExplorer()
  const { told } = useCase()
  const { standing } = told
  const [draft, setDraft] = useState<RuleDraft>(emptyRule)
  const loaded = useLoaded(`access ${exhibit.index}`, () => client.access(exhibit.index))
  const { value, refusal } = loaded
  const end = ({ rule, to }: Rule): void => {
    setDraft({ ...draft, rule: endedBy[rule], to: to.join(', ') })
    document.querySelector<HTMLElement>('.set-rule [name=basis]')?.focus()
  }
  return (
    <section class="standing">
      <h2>{standing.title}</h2>
      {refusal?.code === 'not-permitted' ? (
        <p class="standing-refused">{standing.refused}</p>
      ) : refusal !== undefined ? (
        <Refused refusal={refusal} again={loaded.again} />
      ) : value === undefined ? (
        <p role="status">{said.loading} …</p>
      ) : value.rules.length === 0 ? (
        <p>{standing.nothing}</p>
      ) : (
        <RuleTable rules={value.rules} own={reader.own} end={end} />
      )}
      {!exhibit.mayBeNamed || (refusal?.code === 'not-permitted' && !isAuthority(participants, reader.own)) ? (
        ''
      ) : (
        <SetRule
          origin={origin}
          exhibit={exhibit}
          participants={participants}
          draft={draft}
          change={setDraft}
          done={loaded.again}
        />
      )}
    </section>
  )
}

function RuleTable({
  rules,
  own,
  end,
}: {
  rules: readonly Rule[]
  own: string | undefined
  end: (rule: Rule) => void
}): JSX.Element {
  const { told } = useCase()
  const { standing } = told
  const { column } = standing
  return (
    <table class="rules">
      <thead>
        <tr>
          {[column.rule, column.by, column.to, column.until, column.entry].map((label) => (
            <th scope="col">{label}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rules.map((one) => (
          <tr key={`${one.entry} ${one.rule}`} data-rule={one.rule}>
            <td>{standing.rule[one.rule]}</td>
            <td>
              <Name text={one.by} /> ({standing.as[one.as]})
            </td>
            <td>{one.rule === 'grant' ? <Name text={one.to.join(', ')} /> : standing.everybody}</td>
            <td>{one.until === undefined ? standing.noEnd : <Time time={one.until} />}</td>
            <td>
              <Link to={`/entry/${one.entry}`}>{count(one.entry)}</Link>{' '}
              {one.by === own ? (
                <button type="button" class="end-rule" onClick={() => end(one)}>
                  {standing.end[one.rule]}
                </button>
              ) : (
                ''
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
