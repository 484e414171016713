/** The strings that stand for media in a prompt, as the tokenizer's configuration names them. */
export interface MediaTokens {
  /** `<image>`: the placeholder of a picture in a text, and each token that a frame becomes. */
  readonly imageToken: string;
  /** `<fake_token_around_image>` */
  readonly fakeImageToken: string;
  /** `<global-img>` */
  readonly globalImageToken: string;
}
