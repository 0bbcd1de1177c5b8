import type { ComponentChildren, JSX } from 'preact'
import type { EvidenceError } from '../../src/core/errors.ts'
import { visible } from '../../src/core/text.ts'
import { inGroups } from '../../src/told/digits.ts'
import { whenTold } from '../../src/told/when.ts'
import { topicOf } from '../../src/words/topic.ts'
import { saveFile } from '../ui/save.ts'
import { useExplorer } from './context.ts'
import type { Loaded } from './load.ts'

/** A text from outside, on one line and in its own direction. */
export function Name({ text }: { text: string }): JSX.Element {
  return (
    <bdi class="name" dir="auto">
      {visible(text)}
    </bdi>
  )
}

/** A hash or key in groups of eight. */
export function Hash({ text }: { text: string }): JSX.Element {
  return (
    <code class="hash" dir="ltr" translate={false}>
      {inGroups(visible(text))
        .split(' ')
        .map((group) => (
          <span>{group}</span>
        ))}
    </code>
  )
}

export function Time({ time }: { time: string | number }): JSX.Element {
  return <time>{whenTold(time)}</time>
}

/** A link to a place of the explorer. */
export function Link({
  to,
  children,
  current,
}: {
  to: string
  children: ComponentChildren
  current?: boolean
}): JSX.Element {
  return (
    <a href={`#${to}`} aria-current={current === true ? 'page' : undefined}>
      {children}
    </a>
  )
}

/** One labelled line of a list. */
export function Fact({ label, children }: { label: string; children: ComponentChildren }): JSX.Element {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  )
}

/** Why something is not shown, with a way on. */
export function Refused({ refusal }: { refusal: EvidenceError }): JSX.Element {
  const { said, words } = useExplorer()
  const topic = topicOf(refusal.code)
  if (topic === 'not-permitted')
    return (
      <div class="refused" role="status" data-code={refusal.code}>
        <h2>{said.refused.title}</h2>
        <p>{said.refused.text}</p>
      </div>
    )
  return (
    <div class="refused" role="alert" data-code={refusal.code}>
      <p>
        {said.refused.other} {words.check.topic[topic]}
      </p>
      <p class="detail" lang="en">
        <Name text={refusal.message} /> <code>{refusal.code}</code>
      </p>
    </div>
  )
}

/** Shows what was loaded, that it is not here yet, or why it will not come. */
export function Shown<T>({
  loaded,
  children,
}: {
  loaded: Loaded<T>
  children: (value: T) => ComponentChildren
}): JSX.Element {
  const { said } = useExplorer()
  if (loaded.refusal !== undefined) return <Refused refusal={loaded.refusal} />
  if (loaded.value === undefined) return <p role="status">{said.loading} …</p>
  return <>{children(loaded.value)}</>
}

/** Offers a text as a file. */
export function Download({
  name,
  text,
  children,
}: {
  name: string
  text: string
  children: ComponentChildren
}): JSX.Element {
  return (
    <button type="button" onClick={() => saveFile(name, text)}>
      {children}
    </button>
  )
}
