import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { EvidenceError } from '../../src/core/errors.ts'
import { Delivery } from '../../src/monitor/delivery.ts'
import type { MonitorEvent } from '../../src/monitor/events.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)

const alarm = (code: string): MonitorEvent => ({
  event: 'notice',
  what: 'watch',
  origin: 'ledger.example',
  where: 'here',
  watched: code,
  index: 1,
})

let number = 0
/** A delivery over channels that take what they are told to, on a clock that is moved by hand. */
function over(file: string, names: readonly string[] = ['hook', 'webhook']) {
  const told = names.map(() => [] as string[])
  const refuses: ((code: string) => boolean)[] = names.map(() => () => false)
  const failures: EvidenceError[] = []
  const clock = { ms: 0 }
  const channels = Object.fromEntries(
    names.map((name, i) => [
      name,
      async (event: MonitorEvent): Promise<void> => {
        const { watched } = event as unknown as { watched: string }
        if (refuses[i]?.(watched) === true) throw new EvidenceError('webhook-refused', `${name} refused`)
        told[i]?.push(watched)
      },
    ]),
  )
  const onFailure = (error: EvidenceError): void => void failures.push(error)
  const delivery = new Delivery({ file, channels, onFailure, now: () => clock.ms })
  return { delivery, told, refuses, failures, clock }
}
const fileOf = (): string => join(path, `${number++}`, 'undelivered.json')

describe('F-RA-M2: alarms that a channel does not take', () => {
  it('are tried again after a pause, and told once by each channel', async () => {
    const { delivery, told, refuses, failures, clock } = over(fileOf())
    refuses[0] = () => true
    await delivery.tell([alarm('a'), alarm('b')])
    expect([told, failures.length]).toEqual([[[], ['a', 'b']], 1])
    // Not before its time; then longer and longer.
    await delivery.tell([])
    expect(failures.length).toBe(1)
    clock.ms = 1000
    await delivery.tell([])
    clock.ms = 2999
    await delivery.tell([])
    expect(failures.length).toBe(2)
    refuses[0] = () => false
    clock.ms = 3000
    await delivery.tell([])
    await delivery.tell([])
    expect(told.map((one) => one.toSorted())).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
  })

  it('stay through a restart, also where the process ended while it told them', async () => {
    const file = fileOf()
    const first = over(file)
    first.refuses[0] = () => true
    await first.delivery.tell([alarm('a')])
    let seen = ''
    first.refuses[1] = () => {
      seen = readFileSync(file, 'utf8')
      return false
    }
    await first.delivery.tell([alarm('b')])
    expect((JSON.parse(seen) as { webhook: unknown }).webhook).toHaveLength(1)
    // The webhook alone is given now: what waits for the hook waits on.
    await over(file, ['webhook']).delivery.tell([alarm('c')])
    const again = over(file)
    // The look after a restart finds again what lasts.
    await again.delivery.tell([alarm('a')])
    expect(again.told.map((one) => one.toSorted())).toEqual([['a', 'b'], ['a']])
    const last = over(file)
    await last.delivery.tell([])
    expect(last.told).toEqual([[], []])
  })

  it('hold up neither what is new nor the others', async () => {
    const { delivery, told, refuses, clock } = over(fileOf(), ['hook'])
    refuses[0] = (code) => code === 'never'
    await delivery.tell([alarm('never'), alarm('a')])
    await delivery.tell([alarm('b')])
    expect(told[0]).toContain('b')
    clock.ms = 1_000_000
    await delivery.tell([])
    clock.ms = 2_000_000
    await delivery.tell([])
    expect(told[0]?.toSorted()).toEqual(['a', 'b'])
  })

  it('are bounded, and that there are more is said', async () => {
    const file = fileOf()
    const { delivery, refuses, failures } = over(file, ['hook'])
    refuses[0] = () => true
    await delivery.tell(Array.from({ length: 1003 }, (_, i) => alarm(`${i}`)))
    expect(failures[0]?.message).toMatch(/^3 events are not kept for the hook/)
    expect((JSON.parse(readFileSync(file, 'utf8')) as { hook: unknown }).hook).toHaveLength(1000)
  })

  it('CR-W: of a proof have room of their own, however much else waits', async () => {
    const file = fileOf()
    const { delivery, refuses, failures, told } = over(file)
    const proof = { event: 'alarm', what: 'misbehaviour', origin: 'ledger.example', where: 'here', watched: 'proof' }
    const unproven = { ...proof, what: 'unproven' }
    refuses[0] = () => true
    await delivery.tell(Array.from({ length: 1003 }, (_, i) => alarm(`${i}`)))
    await delivery.tell(Array.from({ length: 1003 }, (_, i) => ({ ...unproven, watched: `u${i}` }) as never))
    await delivery.tell([proof as never])
    expect(failures.filter(({ code }) => code === 'alarm-undelivered').map(({ message }) => message)).toEqual([
      '3 events are not kept for the hook: 1000 wait for it already',
      '3 events are not kept for the webhook: 1000 wait for it already',
      '3 alarms are not kept for the hook: 1000 wait for it already',
      '3 alarms are not kept for the webhook: 1000 wait for it already',
    ])
    expect(told[1]).toContain('proof')
    const kept = (JSON.parse(readFileSync(file, 'utf8')) as { hook: { watched: string }[] }).hook
    expect(kept.map(({ watched }) => watched)).toContain('proof')
    // A restart reads all of it.
    expect(over(file).delivery).toBeDefined()
  })

  it('are not thrown away with a file that cannot be read', () => {
    const file = join(path, 'spoiled.json')
    for (const text of ['', '[]', '{"hook":1}', 'null']) {
      writeFileSync(file, text)
      expect(() => over(file)).toThrow(expect.objectContaining({ code: 'file-unreadable' }))
    }
  })

  it('make no file where there are none', async () => {
    const file = fileOf()
    await over(file).delivery.tell([])
    expect(existsSync(file)).toBe(false)
  })
})
