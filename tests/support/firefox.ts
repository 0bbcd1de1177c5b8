import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { temporaryFolder } from './folder.ts'

/** Settings of a profile that asks no host of its own accord, and whose remote control takes a free port. */
const settings: Readonly<Record<string, string | number | boolean>> = {
  'marionette.port': 0,
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'extensions.update.enabled': false,
  'browser.safebrowsing.downloads.remote.enabled': false,
  'browser.startup.page': 0,
}

const elementKey = 'element-6066-11e4-a52e-4f735466cecf'

/** Debian's Firefox, headless, spoken to by Marionette: what it has built in, over TCP. */
export interface Firefox {
  readonly navigate: (url: string) => Promise<void>
  /** Runs the body of a function in the page; gives what it returns. */
  readonly run: <T>(script: string, ...args: readonly unknown[]) => Promise<T>
  /** Chooses files of the disk in a field of the page. */
  readonly choose: (selector: string, files: readonly string[]) => Promise<void>
  /** Waits until a script gives something true. */
  readonly until: (script: string) => Promise<void>
  readonly close: () => Promise<void>
}

/** Starts Firefox with a profile in a temporary folder. Throws where it ends before it can be spoken to. */
export async function launchFirefox(): Promise<Firefox> {
  const { path, remove } = temporaryFolder()
  const profile = join(path, 'profile')
  mkdirSync(profile)
  const lines = Object.entries(settings).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`)
  writeFileSync(join(profile, 'user.js'), lines.join(''))
  const args = ['--headless', '--marionette', '--no-remote', '--profile', profile]
  const child = spawn('firefox-esr', args, { env: { ...process.env, HOME: path }, stdio: 'ignore' })
  const ended = once(child, 'exit')
  try {
    const socket = connect(await portOf(profile, () => child.exitCode !== null), '127.0.0.1')
    const send = await spoken(socket)
    await send('WebDriver:NewSession', { capabilities: { alwaysMatch: { acceptInsecureCerts: false } } })
    await send('WebDriver:SetTimeouts', { script: 600_000, pageLoad: 600_000, implicit: 0 })
    const run: Firefox['run'] = async <T>(script: string, ...given: readonly unknown[]) =>
      ((await send('WebDriver:ExecuteScript', { script, args: given, newSandbox: false })) as { value: T }).value
    return {
      run,
      navigate: async (url) => void (await send('WebDriver:Navigate', { url })),
      choose: async (selector, files) => {
        const { value } = (await send('WebDriver:FindElement', { using: 'css selector', value: selector })) as {
          value: Record<string, string>
        }
        await send('WebDriver:ElementSendKeys', { id: value[elementKey], text: files.join('\n') })
      },
      until: async (script) => {
        while (!(await run<boolean>(script))) await new Promise((resolve) => setTimeout(resolve, 50))
      },
      close: async () => {
        child.kill('SIGTERM')
        await ended
        socket.destroy()
        remove()
      },
    }
  } catch (error) {
    child.kill('SIGKILL')
    await ended
    remove()
    throw error
  }
}

/** The port that Firefox chose and wrote into its profile. */
async function portOf(profile: string, hasEnded: () => boolean): Promise<number> {
  for (;;) {
    if (hasEnded()) throw new Error('firefox-esr ended before it could be spoken to')
    try {
      const port = Number(readFileSync(join(profile, 'MarionetteActivePort'), 'utf8'))
      if (port > 0) return port
    } catch {
      // Not written yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

type Send = (command: string, parameters: object) => Promise<unknown>

/** Messages are `length:json`; the first one is Firefox's greeting, an answer is `[1, id, error, result]`. */
async function spoken(socket: Socket): Promise<Send> {
  let held = Buffer.alloc(0)
  let number = 0
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let greeted = (): void => {}
  const greeting = new Promise<void>((resolve) => (greeted = resolve))
  const take = (message: unknown): void => {
    if (!Array.isArray(message)) return greeted()
    const [, id, error, value] = message as [number, number, { error: string; message: string } | null, unknown]
    const asked = waiting.get(id)
    waiting.delete(id)
    if (error === null) asked?.resolve(value)
    else asked?.reject(new Error(`${error.error}: ${error.message}`))
  }
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    for (;;) {
      const colon = held.indexOf(':')
      const end = colon + 1 + Number(held.subarray(0, Math.max(0, colon)).toString())
      if (colon < 0 || held.length < end) return
      const text = held.subarray(colon + 1, end).toString()
      held = held.subarray(end)
      take(JSON.parse(text))
    }
  })
  const lost = (): void => {
    for (const { reject } of waiting.values()) reject(new Error('firefox-esr is gone'))
  }
  socket.on('error', lost)
  socket.on('close', lost)
  await greeting
  return (command, parameters) =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify([0, ++number, command, parameters])
      waiting.set(number, { resolve, reject })
      socket.write(`${Buffer.byteLength(text)}:${text}`)
    })
}
