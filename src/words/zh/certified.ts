import type { certified as english } from '../en/certified.ts'

/** What the page says of a certificate in Chinese. */
export const certified: typeof english = {
  title: '证书所载',
  number: '编号',
  madeAt: '出具时间',
  madeBy: '出具程序版本',
  stated: '以下仅为出具人自述，此处无从证明：',
  compared: '出具时比对的文件',
  notCompared: '无',
  files: (count) => `${count} 个文件`,
  applicant: '申请人',
  onRequestOf: '出具对象',
  asked: '账本答复时的规模',
  notAsked: '未查询',
  noFields: '证书各项与其附件所示不符。请仅以附件为准。',
  look: '此处未比对文件外观，也无人为其外观作保。“evidence check”会逐字节比对。此处校验的是其附件。',
  steps: (attached, told) =>
    `所附保管步骤不全：共 ${told} 项，仅附 ${attached} 项。由此不能得知该物由谁保管，也不能得知其余各项应永久载明的事项（如依命令移交）。`,
  standing: {
    retracted: '据所附回执：该存证已被撤回。',
    'part-retracted': '据所附回执：该存证的一部分已被撤回。',
    'key-compromised': '据所附回执：该密钥被报告失控。',
  },
}
