import '../ui/zod.ts'
import { startOneFile } from './one-file.ts'

startOneFile(undefined)
