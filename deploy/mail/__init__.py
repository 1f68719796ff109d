"""How mails reach people: words and a message for each letter, an SMTP server, and links that prove themselves."""
