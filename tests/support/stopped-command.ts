import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/* Commands as processes of their own, which are made to stand still in the middle. */

export const program: string = fileURLToPath(new URL('../../cli/evidence.mjs', import.meta.url))

/** Stops its process once, before a call of node:fs whose first argument matches. */
const stopper = `
const fs = require('node:fs')
const call = fs[process.env.STOP_CALL]
let stopped = false
fs[process.env.STOP_CALL] = (...given) => {
  if (!stopped && new RegExp(process.env.STOP_MATCH).test(String(given[0]))) {
    stopped = true
    process.kill(process.pid, 'SIGSTOP')
  }
  return call(...given)
}
require('node:module').syncBuiltinESMExports()
`

/** A platform without koffi's binary. */
export const withoutKoffi: string = `
const Module = require('node:module')
const load = Module._load
Module._load = function (name, ...rest) {
  if (name === 'koffi') throw new Error('no koffi here')
  return load.call(this, name, ...rest)
}
`

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly said: string }>
}

/** Commands that a test runs, in a folder for what they load first. */
export class Commands {
  private readonly folder: string
  readonly running: Set<ChildProcess> = new Set()

  constructor(folder: string) {
    this.folder = folder
  }

  run(args: readonly string[], env: Readonly<Record<string, string>>, preload: string): Running {
    const child = spawn(process.execPath, ['--require', preload, program, ...args], {
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.running.add(child)
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, said }))) }
  }

  /** Runs a command until it stands still before a call. */
  async stopAt(call: string, match: string, args: readonly string[]): Promise<Running> {
    const preload = join(this.folder, 'stopper.cjs')
    writeFileSync(preload, stopper)
    const found = this.run(args, { STOP_CALL: call, STOP_MATCH: match }, preload)
    while (!/^State:\s+T/m.test(readFileSync(`/proc/${found.child.pid}/status`, 'latin1'))) {
      if (found.child.exitCode !== null) throw new Error(`ended before ${call}: ${(await found.ended).said}`)
      await pause(10)
    }
    return found
  }

  /** Ends all, whatever they do. */
  kill(): void {
    for (const child of this.running) child.kill('SIGKILL')
    this.running.clear()
  }
}
