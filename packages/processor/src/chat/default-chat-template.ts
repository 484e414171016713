const template = (otherParts: string): string =>
  "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}" +
  "{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}" +
  "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}" +
  `{% elif line['type'] == 'image' %}{{ '<image>' }}${otherParts}{% endif %}{% endfor %}` +
  "<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}";

/** The template of all published checkpoints. */
export const PUBLISHED_CHAT_TEMPLATE = template("");

/**
 * The template that the reference uses for conversations with videos, whatever the checkpoint says: the published checkpoints' own
 * template, and `<video>` for a video.
 */
export const DEFAULT_CHAT_TEMPLATE = template("{% elif line['type'] == 'video' %}{{ '<video>' }}");
