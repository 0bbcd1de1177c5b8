import type { JSX } from 'preact'
import { settledOr, valueOr } from '../../src/core/attempt.ts'
import { lossyUtf8, utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
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
  const loaded = useLoaded('ledger', async () => {
    const [ledger, published, ready] = await Promise.all([client.ledger(), publishedBy(client), isReady()])
    return { ledger, published, ready }
  })
  const words = said.ledger
  return (
    <section>
      <h1>{said.nav.ledger}</h1>
      <Shown loaded={loaded}>
        {({ ledger, published, ready }) => {
          const cosigners = new Map(
            cosignersOf(ledger.policy, published ?? ledger.checkpoint).map(({ name, seconds }) => [name, seconds]),
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
                      <Name text={name} />:{' '}
                      {cosigners.has(name) ? words.lastCosigned(count(sizeOf(published) ?? ledger.size)) : words.never}{' '}
                      {seconds === undefined ? '' : <Time time={seconds * 1000} />}
                    </li>
                  )
                })}
              </ul>
              {witnessesOf(ledger.policy).length === 0 ? <p>{words.noWitnesses}</p> : ''}
              <h2>{words.checkpoint}</h2>
              <Raw text={ledger.checkpoint} />
              {published === undefined ? (
                ''
              ) : (
                <>
                  <h2>{words.published}</h2>
                  <Raw text={published} />
                </>
              )}
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

/** The checkpoint that carries the cosignatures of witnesses: it may lag behind the newest. */
async function publishedBy(client: LedgerClient): Promise<string | undefined> {
  const bytes = await settledOr(client.fetchBytes('/checkpoint'), undefined)
  return bytes === undefined ? undefined : lossyUtf8(bytes)
}

function sizeOf(note: string | undefined): number | undefined {
  return note === undefined ? undefined : valueOr(() => parseSignedCheckpoint(utf8(note)).checkpoint.size, undefined)
}

async function isReady(): Promise<boolean> {
  try {
    return (await fetch('/readyz')).ok
  } catch {
    return false
  }
}
