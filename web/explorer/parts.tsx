import type { ComponentChildren, JSX } from 'preact'
import { valueOr } from '../../src/core/attempt.ts'
import { count, visible } from '../../src/core/text.ts'
import { inGroups } from '../../src/told/digits.ts'
import { whenTold } from '../../src/told/when.ts'
import { saveFile } from '../ui/save.ts'
import { useExplorer } from './context.ts'

/** Most characters that are shown of a name, of another text, and of what was signed. */
const mostOfName = 300
const mostOfText = 4000
const mostOfRaw = 100_000

/** A text cut to so many characters, never within one. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text
  const last = text.charCodeAt(most - 1)
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? most - 1 : most)
}

/** Says that a text goes on, and where all of it is. */
function Rest({ text, most }: { text: string; most: number }): JSX.Element {
  const { said } = useExplorer()
  return text.length <= most ? <></> : <small class="rest"> … {said.cut(count(text.length))}</small>
}

/** A text from outside, on one line and in its own direction. */
export function Name({ text, most = mostOfName }: { text: string; most?: number }): JSX.Element {
  return (
    <>
      <bdi class="name" dir="auto">
        {visible(cut(text, most))}
      </bdi>
      <Rest text={text} most={most} />
    </>
  )
}

/** Text from outside that has lines of its own, each made visible. */
export function Raw({ text, most = mostOfText }: { text: string; most?: number }): JSX.Element {
  return (
    <>
      <pre class="raw" dir="ltr">
        {cut(text, most).split('\n').map(visible).join('\n')}
      </pre>
      <Rest text={text} most={most} />
    </>
  )
}

/** A statement as it was signed. */
export function Signed({ text }: { text: string }): JSX.Element {
  return <Raw text={text} most={mostOfRaw} />
}

/** The value of a member of a statement: a text as it is, anything else as JSON. */
export function Value({ value }: { value: unknown }): JSX.Element {
  if (typeof value === 'string') return <Name text={value} most={mostOfText} />
  // What is nested too deep for the browser cannot be written.
  return <Raw text={valueOr(() => JSON.stringify(value, null, 1), '…')} />
}

/** A hash or key in groups of eight. */
export function Hash({ text }: { text: string }): JSX.Element {
  return (
    <code class="hash" dir="ltr" translate={false}>
      {inGroups(visible(cut(text, mostOfName)))
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
