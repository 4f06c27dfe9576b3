// Closing a message with its one outcome; a note is sealed here, before it leaves.

import { api, ask } from "../api/client.ts";
import { sealNote } from "../sealing/index.ts";
import type { MessageCard, OutcomeWord } from "./words.ts";

export async function closeMessage(message: MessageCard, outcome: OutcomeWord, note: string): Promise<MessageCard> {
  const { message_id: messageId, call_id: callId, account_id: accountId } = message;
  const sealed = note.trim() ? await sealNote(note.trim(), { messageId, callId, accountId }) : null;
  const path = { message_id: messageId };
  return ask(api.POST("/api/messages/{message_id}/close", { params: { path }, body: { outcome, sealed } }));
}
