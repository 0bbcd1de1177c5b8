// What every measurement needs: a real server with its load generators, and what the system says of them.
import { execFileSync, fork, spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../scripts/setup.mjs'

export const cli = join(root, 'cli', 'evidence.mjs')

/** Starts a server of its own process on a data folder, made when there is none; resolves when it listens. */
export async function startServer(data, more = []) {
  const flags = ['--port', '0', '--data', data, '--rate-limit', '100000000', '--log-level', 'error', ...more]
  const server = spawn(process.execPath, [cli, 'start', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  const url = await new Promise((resolve, reject) => {
    server.on('exit', (code) => reject(new Error(`the server ended with ${code}`)))
    server.stdout.on('data', (chunk) => {
      text += chunk
      const match = /listening on (\S+)/.exec(text)
      if (match) resolve(match[1])
    })
  })
  return { server, url }
}

export async function stopServer(server) {
  server.removeAllListeners('exit')
  const gone = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGTERM')
  await gone
}

/** A process that makes load; `ask` resolves with its figures of one job (bench/load.mjs). */
export function loadGenerator(url, data) {
  const origin = readFileSync(join(data, 'policy'), 'utf8').match(/^log ([^+]+)\+/m)[1]
  const args = JSON.stringify({ url, origin, keyPath: join(data, 'keys', 'depositor.pem') })
  const child = fork(fileURLToPath(new URL('./load.mjs', import.meta.url)), [args])
  const ask = (job) =>
    new Promise((resolve, reject) => {
      child.once('message', (answer) => (answer.error ? reject(new Error(answer.error)) : resolve(answer)))
      child.send(job)
    })
  return { ask, stop: () => child.kill() }
}

const status = (pid, field) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024

/** Processor time of a process and its threads so far, in seconds. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

export const peakMiB = (pid) => status(pid, 'VmHWM')
export const residentMiB = (pid) => status(pid, 'VmRSS')

export const folderBytes = (path) =>
  readdirSync(path, { withFileTypes: true, recursive: true }).reduce(
    (sum, entry) => sum + (entry.isFile() ? statSync(join(entry.parentPath ?? entry.path, entry.name)).size : 0),
    0,
  )

export function timed(command, args) {
  const from = process.hrtime.bigint()
  const output = execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  return { ms: Number(process.hrtime.bigint() - from) / 1e6, output }
}
