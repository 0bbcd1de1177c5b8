import type { JSX } from 'preact'
import { utf8 } from '../../src/core/bytes.ts'
import { policyFingerprint } from '../../src/core/policy-fingerprint.ts'
import { count } from '../../src/core/text.ts'
import { useExplorer } from './context.ts'
import { useLoaded } from './load.ts'
import { Download, Fact, Hash, Link, Name, Raw, Time } from './parts.tsx'
import { Shown } from './refused.tsx'
import { cosignersOf, witnessesOf } from './witnesses.ts'

/** What the ledger says of itself: everybody may read it. */
export function Ledger(): JSX.Element {
  const { client, said } = useExplorer()
  const loaded = useLoaded('ledger', async () => ({ ledger: await client.ledger(), ready: await isReady() }))
  const words = said.ledger
  return (
    <section>
      <h1>{said.nav.ledger}</h1>
      <Shown loaded={loaded}>
        {({ ledger, ready }) => {
          const cosigners = new Map(
            cosignersOf(ledger.policy, ledger.checkpoint).map(({ name, seconds }) => [name, seconds]),
          )
          return (
            <>
              <dl>
                <Fact label={words.origin}>
                  <Name text={ledger.origin} />
                </Fact>
                <Fact label={words.fingerprint}>
                  <code class="fingerprint">{policyFingerprint(utf8(ledger.policy))}</code>
                  <br />
                  <small>{words.vouches}</small>
                </Fact>
                <Fact label={words.size}>{count(ledger.size)}</Fact>
                <Fact label={words.root}>
                  <Hash text={ledger.root} />
                </Fact>
                {ledger.time === null ? '' : <Fact label={words.time}>{<Time time={ledger.time} />}</Fact>}
                <Fact label={words.environment}>{ledger.environment === 'trial' ? words.trial : words.production}</Fact>
                <Fact label={words.reading}>{ledger.reading === 'public' ? words.public : words.participantsOnly}</Fact>
                <Fact label={words.health}>{ready ? words.ready : words.notReady}</Fact>
                {ledger.intakeEndedAt === undefined ? '' : <End label={words.intakeEnded} at={ledger.intakeEndedAt} />}
                {ledger.closedAt === undefined ? '' : <End label={words.closed} at={ledger.closedAt} />}
                {ledger.successor === undefined ? (
                  ''
                ) : (
                  <Fact label={words.successor}>{<Name text={ledger.successor} />}</Fact>
                )}
                {ledger.version === undefined ? (
                  ''
                ) : (
                  <Fact label={words.version}>{<Name text={ledger.version} />}</Fact>
                )}
              </dl>
              <h2>{words.witnesses}</h2>
              <ul>
                {witnessesOf(ledger.policy).map((name) => {
                  const seconds = cosigners.get(name)
                  return (
                    <li>
                      <Name text={name} />: {cosigners.has(name) ? words.lastCosigned(count(ledger.size)) : words.never}{' '}
                      {seconds === undefined ? '' : <Time time={seconds * 1000} />}
                    </li>
                  )
                })}
              </ul>
              {witnessesOf(ledger.policy).length === 0 ? <p>{words.noWitnesses}</p> : ''}
              <h2>{words.checkpoint}</h2>
              <Raw text={ledger.checkpoint} />
              <p>
                <Download name="policy.policy" text={ledger.policy}>
                  {words.policy}
                </Download>
              </p>
            </>
          )
        }}
      </Shown>
    </section>
  )
}

function End({ label, at }: { label: string; at: number }): JSX.Element {
  return (
    <Fact label={label}>
      <Link to={`/entry/${at}`}>{count(at)}</Link>
    </Fact>
  )
}

async function isReady(): Promise<boolean> {
  try {
    return (await fetch('/readyz')).ok
  } catch {
    return false
  }
}
