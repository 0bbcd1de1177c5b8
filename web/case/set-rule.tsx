import type { JSX } from 'preact'
import type { ParticipantInfo } from '../../src/client/ledger-client.ts'
import { statusHash } from '../../src/core/entry.ts'
import { defined } from '../../src/core/objects.ts'
import { count } from '../../src/core/text.ts'
import { timeText } from '../../src/core/time.ts'
import type { AccessRule, AccessTerms } from '../../src/statements/access-terms.ts'
import { useExplorer } from '../explorer/context.ts'
import { useCase } from './context.ts'
import type { Exhibit } from './examine.ts'
import { Choice, Field, listed, Trouble } from './parts.tsx'
import { isAuthority, People } from './people.tsx'
import { useSending } from './sending.ts'
import { signRule } from './statements.ts'

/** What is typed for a rule. */
export interface RuleDraft {
  readonly rule: AccessRule
  readonly to: string
  readonly until: string
  readonly basis: string
  readonly grade: string
}
export const emptyRule: RuleDraft = { rule: 'grant', to: '', until: '', basis: '', grade: '' }

const forSomebody: ReadonlySet<AccessRule> = new Set<AccessRule>(['grant', 'end'])
const ending: ReadonlySet<AccessRule> = new Set<AccessRule>(['end', 'unseal', 'unhold'])

/** The form that sets or ends a rule: it is signed by the key of this browser, and all that it says is sealed. */
export function SetRule({
  origin,
  exhibit,
  participants,
  draft,
  change,
  done,
}: {
  origin: string
  exhibit: Exhibit
  participants: readonly ParticipantInfo[]
  draft: RuleDraft
  change: (draft: RuleDraft) => void
  done: () => void
}): JSX.Element {
  const { key, reader } = useExplorer()
  const { told } = useCase()
  const said = told.set
  const sending = useSending()
  const mayDecide = participants.length === 0 || isAuthority(participants, reader.own)
  const { rule } = draft
  const isReady = draft.basis.trim() !== '' && (!forSomebody.has(rule) || listed(draft.to).length > 0)
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (key === undefined) return
    const { index, leafHash, entryBytes } = exhibit
    const terms = termsOf(draft, { index, leafHash })
    const of = JSON.stringify([origin, key.jwk.x, terms])
    const shown = new Map([[index, statusHash(entryBytes)]])
    if ((await sending.send({ origin, of, shown, sign: () => signRule(key, origin, terms) })) === undefined) return
    change(emptyRule)
    done()
  }
  const set = (more: Partial<RuleDraft>): void => change({ ...draft, ...more })
  return (
    <form class="set-rule" onSubmit={(event) => void submit(event)}>
      <h3>{said.title}</h3>
      <Choice
        label={said.rule}
        name="rule"
        value={rule}
        change={(value) => set({ rule: value as AccessRule })}
        options={(Object.keys(said.rules) as AccessRule[]).map((one) => [
          one,
          said.rules[one],
          !forSomebody.has(one) && !mayDecide,
        ])}
      />
      {rule === 'seal' ? <p class="notice seal-note">{said.sealing}</p> : ''}
      {forSomebody.has(rule) ? (
        <>
          <Field key="to" label={said.to} name="to" value={draft.to} change={(to) => set({ to })} list="people" />
          <People participants={participants} />
        </>
      ) : (
        ''
      )}
      {ending.has(rule) ? (
        ''
      ) : (
        <Field
          key="until"
          label={said.until}
          name="until"
          type="datetime-local"
          value={draft.until}
          change={(until) => set({ until })}
        />
      )}
      <Field key="basis" label={said.basis} name="basis" value={draft.basis} change={(basis) => set({ basis })} />
      <Field key="grade" label={said.grade} name="grade" value={draft.grade} change={(grade) => set({ grade })} />
      <p>
        <small>{said.fromNow}</small>
      </p>
      <button type="submit" class="sign-rule" disabled={!isReady || sending.isBusy}>
        {said.sign}
      </button>{' '}
      {sending.isBusy ? <span role="status">{told.sending} …</span> : ''}
      {isReady ? '' : <small class="needs">{said.needs}</small>}
      {sending.trouble === undefined ? '' : <Trouble {...sending.trouble} />}
      {sending.result === undefined ? (
        ''
      ) : (
        <p role="status" class="deposited" data-index={sending.result.index}>
          {said.done(count(sending.result.index))}
        </p>
      )}
    </form>
  )
}

/** The terms of what was typed; a field that the rule does not show is left out. */
function termsOf(
  { rule, to, until, basis, grade }: RuleDraft,
  of: { readonly index: number; readonly leafHash: string },
): AccessTerms {
  const end = ending.has(rule) || until === '' ? undefined : timeText(new Date(until).getTime())
  return {
    rule,
    of: [of],
    basis: basis.trim(),
    ...defined({
      to: forSomebody.has(rule) ? listed(to) : undefined,
      until: end,
      grade: grade.trim() === '' ? undefined : grade.trim(),
    }),
  }
}
