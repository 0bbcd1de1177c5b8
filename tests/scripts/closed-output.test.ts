import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'

/* Whatever read the server's output may go away: a pager, a pipe, a log collector. The server must not go with it. */
const cli = fileURLToPath(new URL('../../cli/evidence.mjs', import.meta.url))
const { path, remove } = temporaryFolder()
afterAll(remove)

describe('a server whose output nobody reads any more', () => {
  it('goes on serving', async () => {
    const args = [cli, 'start', '--port', '0', '--data', join(path, 'data'), '--log-level', 'info']
    const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    let url = ''
    for await (const chunk of server.stdout as AsyncIterable<Buffer>) {
      url = /listening on (\S+)/.exec(chunk.toString())?.[1] ?? ''
      // Leaving the loop closes our end of the pipe.
      if (url !== '') break
    }
    for (let i = 0; i < 20; i++) {
      expect((await fetch(`${url}/v1/ledger`)).status).toBe(200)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    server.kill('SIGTERM')
    expect(await once(server, 'exit')).toEqual([0, null])
  })
})
