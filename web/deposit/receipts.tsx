import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { count, visible } from '../../src/core/text.ts'
import { whenTold } from '../../src/told/when.ts'
import { saveFile } from '../ui/save.ts'
import { whenChangedElsewhere } from '../ui/store.ts'
import { useDepositing } from './context.ts'
import { type KeptReceipt, pending, type PendingDeposit, receipts, send } from './send.ts'
import { Trouble } from './trouble.tsx'

/**
 * Deposits that wait for their receipt, and receipts that are kept; `turn` changes where one was added. What waits is sent when the page is opened.
 * `entered` is told the drafts of all that have their receipt: another window may have sent them.
 */
export function Receipts({
  turn,
  entered,
}: {
  turn: number
  entered: (drafts: ReadonlySet<string>) => void
}): JSX.Element {
  const { said } = useDepositing()
  const [progress, setProgress] = useState<string>()
  const [waiting, setWaiting] = useState<readonly PendingDeposit[]>([])
  const [kept, setKept] = useState<readonly KeptReceipt[]>([])
  const [error, setError] = useState<unknown>()
  const load = async (): Promise<void> => {
    setWaiting(await pending.all())
    const all = await receipts.all()
    setKept([...all].sort((a, b) => b.index - a.index))
    entered(new Set(all.flatMap(({ draft }) => draft ?? [])))
  }
  useEffect(() => void load().catch(setError), [turn])
  const resume = async (deposit: PendingDeposit): Promise<void> => {
    setError(undefined)
    setProgress(said.send.sending)
    try {
      await send(deposit, (waitMs) => setProgress(said.send.wait(count(Math.ceil(waitMs / 1000)))))
    } catch (cause) {
      setError(cause)
    }
    setProgress(undefined)
    await load()
  }
  useEffect(() => {
    const again = (): void => void load().catch(setError)
    const ends = [whenChangedElsewhere('pending', again), whenChangedElsewhere('receipts', again)]
    const goOn = async (): Promise<void> => {
      for (const one of await pending.all()) await resume(one)
    }
    goOn().catch(setError)
    return () => ends.forEach((end) => end())
  }, [])
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
          {progress === undefined ? '' : <p role="status">{progress}</p>}
          <ul class="waiting">
            {waiting.map((one) => (
              <li key={one.id}>
                <bdi dir="auto">{visible(one.title)}</bdi>, {whenTold(one.signedAt)}{' '}
                <button type="button" class="resume" onClick={() => void resume(one)}>
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
function fileName({ name, index }: KeptReceipt): string {
  return name ?? `entry-${index}`
}
