import type { JSX } from 'preact'
import { keptOf } from '../../src/core/kept.ts'
import { count, visible } from '../../src/core/text.ts'
import { useExplorer } from '../explorer/context.ts'
import { Link, Name, Time } from '../explorer/parts.tsx'
import { useCase } from './context.ts'
import { type Moment, placeOfMoment } from './moments.ts'

/** Most moments that are shown of one timeline. */
const mostMoments = 1000

/** What happened, oldest first; where not all has room, what is flagged or decides before the rest. `names`: what exhibits are called, by index; left out where there is one alone. */
export function Timeline({
  moments,
  names,
}: {
  moments: readonly Moment[]
  names?: ReadonlyMap<number, string>
}): JSX.Element {
  const { told } = useCase()
  const { said } = useExplorer()
  const left = moments.length - mostMoments
  return (
    <section class="what-happened">
      <h2>{told.timeline.title}</h2>
      <p>
        <small>{told.timeline.note}</small>
      </p>
      <ol class="timeline">
        {keptOf(moments, mostMoments, placeOfMoment).map((moment) => (
          <Told key={`${moment.at} ${moment.what} ${moment.code} ${moment.item}`} moment={moment} names={names} />
        ))}
      </ol>
      {left > 0 ? <p class="rest">{said.moreMembers(count(left))}</p> : ''}
    </section>
  )
}

function Told({ moment, names }: { moment: Moment; names: ReadonlyMap<number, string> | undefined }): JSX.Element {
  const { told } = useCase()
  const { said, words } = useExplorer()
  const { timeline } = told
  const { what, code, time, by, passed, item, size, entry, isProven, of, trouble } = moment
  const named: Partial<Record<string, string>> = timeline.what
  const codes: Partial<Record<string, string>> = timeline.code
  return (
    <li data-what={what} data-code={code}>
      {time === undefined ? '' : <Time time={time} />} <strong>{named[what] ?? words.check.later.other}</strong>
      {code === undefined ? '' : <>: {codes[code] ?? <Name text={code} />}</>}
      {item === undefined ? '' : <>, {told.item(count(item))}</>}
      {size === undefined ? '' : <>: {timeline.tree(count(size))}</>}
      {passed === undefined ? '' : <>, {timeline.passed(visible(passed.from), visible(passed.to))}</>}
      {by === undefined ? (
        ''
      ) : (
        <>
          {' '}
          ({timeline.by} <Name text={by} />)
        </>
      )}
      {passed?.isByOrder === true ? <strong class="notice">{timeline.byOrder}</strong> : ''}
      {passed?.isDiffering === true ? <strong class="notice">{timeline.differs}</strong> : ''}
      {trouble === undefined ? (
        ''
      ) : (
        <strong class="notice" data-trouble={trouble.state}>
          {trouble.state === 'does-not-follow' ? timeline.notFollowing : timeline.notJudged}
        </strong>
      )}{' '}
      {names === undefined ? (
        ''
      ) : (
        <>
          {timeline.of}{' '}
          {of.map((index, i) => (
            <>
              {i === 0 ? '' : ', '}
              <Link to={`/exhibit/${index}`}>{names.get(index) ?? count(index)}</Link>
            </>
          ))}{' '}
        </>
      )}
      {entry === undefined ? (
        ''
      ) : (
        <Link to={`/entry/${entry}`}>
          {said.entry} {count(entry)}
        </Link>
      )}
      {isProven || entry === undefined ? '' : <small> {timeline.unproven}</small>}
    </li>
  )
}
