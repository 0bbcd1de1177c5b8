import type { JSX } from 'preact'
import { visible } from '../../src/core/text.ts'
import { useExplorer } from '../explorer/context.ts'
import { useLoaded } from '../explorer/load.ts'
import { Fact, Name, Time, Value } from '../explorer/parts.tsx'
import { Shown } from '../explorer/refused.tsx'
import { useCase } from './context.ts'
import { judgingPolicy } from './examine.ts'
import { compared, type HandedOver, isSigned } from './handed.ts'
import { JudgedBy } from './light.tsx'
import { Stopped } from './parts.tsx'
import { Signing } from './signing.tsx'

/** What a release offers: who, to whom, until when, whether its signature holds, and the exhibits compared with the files that are here. */
export function Offer({ handed }: { handed: HandedOver }): JSX.Element {
  const { client } = useExplorer()
  const { told } = useCase()
  const said = told.takeOver
  const file = handed.release as NonNullable<HandedOver['release']>
  const { opened: release, offered: offer } = file
  const loaded = useLoaded(`release ${release.jti} ${handed.files.size} ${handed.receipts.length}`, async () => {
    const ledger = await client.ledger()
    const { origin } = ledger
    const none = { origin, policy: undefined, signature: undefined, exhibits: [] }
    if (origin !== release.aud) return none
    const policy = judgingPolicy(ledger)
    if (policy === undefined) return none
    const signature = await isSigned(client, release)
    return { origin, policy, signature, exhibits: await compared(client, file, handed, policy.policy) }
  })
  const isEnded = release.exp * 1000 < Date.now()
  return (
    <>
      <h2>{said.offered}</h2>
      <dl>
        <Fact label={said.from}>
          <Name text={release.iss} />
        </Fact>
        <Fact label={said.to}>
          <Name text={release.to} />
        </Fact>
        <Fact label={said.issued}>
          <Time time={release.iat * 1000} />
        </Fact>
        <Fact label={said.ends}>
          <Time time={release.exp * 1000} /> {isEnded ? <strong class="notice">{said.ended}</strong> : ''}
        </Fact>
        {release.inLieu === undefined ? (
          ''
        ) : (
          <Fact label={said.inLieu}>
            <Name text={release.inLieu} />
          </Fact>
        )}
        <Fact label={said.offer}>{offer === undefined ? said.noOffer : <Value value={offer.value} />}</Fact>
      </dl>
      <Shown loaded={loaded}>
        {({ origin, policy, signature, exhibits }) =>
          origin !== release.aud ? (
            <p role="alert">{said.otherLedger(visible(release.aud))}</p>
          ) : policy === undefined ? (
            <Stopped origin={origin} />
          ) : (
            <>
              <p class="release-signature" data-signed={String(signature)}>
                {said.signature}:{' '}
                {signature === undefined ? (
                  said.keyUnknown
                ) : signature ? (
                  said.signatureHolds
                ) : (
                  <strong class="notice">{said.signatureBad}</strong>
                )}
              </p>
              <JudgedBy policy={policy} />
              <Signing
                handed={handed}
                exhibits={exhibits}
                origin={origin}
                mayBeSigned={!isEnded && signature !== false}
              />
            </>
          )
        }
      </Shown>
    </>
  )
}
