import type { Command } from 'commander'
import { installNativePrimitives } from '../../src/node/native.ts'
import { catchUp, startFollowing } from '../follow/follower.ts'
import { clientFlags, outputOf } from '../options/client.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { acceptMissingFlag } from '../options/missing-claims.ts'
import { operatorErasuresFlag } from '../options/operator-erasures.ts'
import { stopSignal } from '../serve/until-stopped.ts'

const help = `
Keeps a copy of a running ledger in a data folder of its own: every group is judged (signatures, rulebook, tree, checkpoint)
and made durable here before the next. It never signs. What an order in the ledger erases is erased here; what the leader's
operator erased without one is kept, unless --operator-erasures is given. When the leader's disk is lost, stop this command and run "evidence promote --take-over"; the ledger's private key is not here, so keep it where you
can reach it. The key must be an auditor's. For a leader that answers nothing before this follower holds it, start the
leader with --require-follower and this key's participant.

Example:
  evidence follow --url https://ledger.court.example --data /srv/follower --key auditor.pem --id court-b --policy court.policy`

const flags = [
  ...clientFlags({ policy: 'the one that the copy was begun with; needed the first time' }),
  ['--once', 'catch up, then end'],
  acceptMissingFlag,
  operatorErasuresFlag,
] as const

/** `evidence follow` */
export function followCommand(program: Command): void {
  declare(program.command('follow'), 'keep a durable, verified copy of a running ledger', flags, help).action(
    async (options: OptionsOf<typeof flags>) => {
      installNativePrimitives()
      const output = outputOf(options)
      const stopped = stopSignal()
      const following = await startFollowing(options, output, stopped)
      try {
        await catchUp(following, options.once === true, output, stopped)
      } finally {
        await following.replica.close()
      }
      // A request that still waits at the leader must not keep the process.
      if (stopped.aborted) process.exit(0)
    },
  )
}
