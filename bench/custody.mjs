// What custody costs: the re-walk of a ledger where one entry in five hands a deposit over beside one where none does, opening it, and the history of its most eventful exhibit.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { command, verify } from './process.mjs'
import { startServer, stopServer } from './server.mjs'
import { custodians, historyEvents, setUpEntries } from './workload.mjs'

/** Where the deposit that has a history lies in the ledger of the workload. */
const eventful = setUpEntries + custodians

/** Re-walks both ledgers in one round; `from` is the entry from which it counts. */
export function walks(data, none, from) {
  const [withCustody, without] = [verify(data, from).steady, verify(none, from).steady]
  return {
    'verify.custody': withCustody,
    'verify.custody.none': without,
    'verify.custody.against': { value: withCustody.value / without.value },
  }
}

/** Opens the ledger for writing, in a process of its own. */
export function opening(data) {
  const program = fileURLToPath(new URL('./probe.mjs', import.meta.url))
  const { open } = JSON.parse(execFileSync(process.execPath, [program, data, '1'], { encoding: 'utf8' }))
  return { 'custody.open': { value: open } }
}

/** Takes the exhibit's history as a process, of a server that runs; `measure` is given what asks once. Throws where an event is missing. */
export async function histories(data, measure) {
  const { server, url } = await startServer(data)
  try {
    await measure(() => {
      const args = ['history', String(eventful), '--url', url, '--data', data, '--json']
      const { seconds, cpu, output } = command(args)
      const told = JSON.parse(output).timeline.length
      if (told < historyEvents) throw new Error(`the history tells ${told} events, not ${historyEvents}`)
      return { 'custody.history': { value: seconds * 1000, cpuPerEntry: cpu * 1e6 } }
    })
  } finally {
    await stopServer(server)
  }
}
