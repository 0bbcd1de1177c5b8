import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'

describe.skipIf(process.platform === 'win32')('a hook of a monitor', () => {
  it('R5 that cannot be started for want of descriptors is refused by name, and the monitor goes on', () => {
    const folder = temporaryFolder()
    try {
      const path = join(folder.path, 'program.mjs')
      const built = new URL('../../dist/src/monitor/hook.js', import.meta.url).href
      writeFileSync(
        path,
        `import { openSync } from 'node:fs'
        import { callHook } from '${built}'
        try { for (;;) openSync('/dev/null', 'r') } catch {}
        for (const program of ['true', '/no/such/program'])
          await callHook([program], {}).catch(({ code }) => console.log(code))
        console.log('went on')
        process.exit()`,
      )
      const { status, stdout } = spawnSync('sh', ['-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, path], {
        encoding: 'utf8',
      })
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'file-unreadable\nfile-unreadable\nwent on\n' })
    } finally {
      folder.remove()
    }
  })
})
