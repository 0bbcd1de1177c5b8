import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { count, visible } from '../../src/core/text.ts'
import { whenTold } from '../../src/told/when.ts'
import { saveFile } from '../ui/save.ts'
import { useDepositing } from './context.ts'
import { type KeptReceipt, pending, type PendingDeposit, receipts, send } from './send.ts'
import { Trouble } from './trouble.tsx'

/** Deposits that wait for their receipt, and receipts that are kept; `turn` changes where one was added. */
export function Receipts({ turn }: { turn: number }): JSX.Element {
  const { client, said } = useDepositing()
  const [waiting, setWaiting] = useState<readonly PendingDeposit[]>([])
  const [kept, setKept] = useState<readonly KeptReceipt[]>([])
  const [error, setError] = useState<unknown>()
  const load = async (): Promise<void> => {
    setWaiting(await pending.all())
    setKept([...(await receipts.all())].sort((a, b) => b.index - a.index))
  }
  useEffect(() => void load().catch(setError), [turn])
  const resume = (deposit: PendingDeposit): void => {
    setError(undefined)
    send(client, deposit)
      .catch(setError)
      .finally(() => void load())
  }
  const drop = (deposit: PendingDeposit): void => {
    void pending.delete(deposit.id).then(load)
  }
  return (
    <section class="receipts">
      {error === undefined ? '' : <Trouble error={error} />}
      {waiting.length === 0 ? (
        ''
      ) : (
        <>
          <h2>{said.send.waiting}</h2>
          <p>{said.send.waitingHint}</p>
          <ul class="waiting">
            {waiting.map((one) => (
              <li key={one.id}>
                <bdi dir="auto">{visible(one.title)}</bdi>, {whenTold(one.signedAt)}{' '}
                <button type="button" class="resume" onClick={() => resume(one)}>
                  {said.send.resume}
                </button>{' '}
                <button type="button" onClick={() => drop(one)}>
                  {said.send.drop}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      <h2>{said.receipts.title}</h2>
      {kept.length === 0 ? <p>{said.receipts.none}</p> : <p>{said.receipts.keep}</p>}
      <ul class="kept">
        {kept.map((one) => (
          <li key={one.id}>
            {count(one.index)}: <bdi dir="auto">{visible(one.title)}</bdi>, {whenTold(one.time)}{' '}
            <button type="button" onClick={() => saveFile(`${fileName(one)}.tlog-proof`, one.receipt)}>
              {said.receipts.download}
            </button>{' '}
            {one.manifest === undefined ? (
              ''
            ) : (
              <button
                type="button"
                onClick={() => saveFile(`${fileName(one)}.evidence-manifest`, one.manifest as Uint8Array)}
              >
                {said.receipts.manifest}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

/** The receipt of one file or folder has its name; of several, that of the entry. */
function fileName({ title, index }: KeptReceipt): string {
  return title.includes(', ') ? `entry-${index}` : title
}
