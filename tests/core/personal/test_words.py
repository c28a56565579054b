"""What the name of a key says."""

import pytest

from apimonster_cli.core.personal.words import meaning, of_path


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("phone Phone phones contactPhone phone_number additionalPhone client-phone Телефон msisdn ani tel", "phone"),
        ("email E-mail emails EMAIL user_email email_address Почта", "email"),
        ("firstName last_name fio fName lName patronymic Имя ФИО clientName nickName legalName full_name", "name"),
        ("address shippingAddress street house flat Адрес bankAddress", "address"),
        ("birthday birthDate date_of_birth dob", "birthday"),
        ("ip client_ip ipAddress remote_addr", "ip"),
        ("comment customerComment message note errorMsg Комментарий", "text"),
        ("customer contact manager leads", "person"),
        ("name Name NAME", "a name"),
        ("id customerId phone_type regionId email_status createdAt", "an id"),
    ],
)
def test_a_key_is_known_however_it_is_written(keys: str, said: str) -> None:
    assert {key: meaning(key) for key in keys.split()} == dict.fromkeys(keys.split(), said)


@pytest.mark.parametrize(
    "key", ["", "••", "statusName", "productName", "order_status_name", "utm_source", "zip", "x" * 10_000]
)
def test_other_keys_say_nothing(key: str) -> None:
    assert meaning(key) is None


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("contact.name", "name"),
        ("data.contacts.0.name", "name"),
        ("product.name", None),
        ("name", None),
        ("order.phone", "phone"),
        ("manager", "name"),
        ("0", None),
    ],
)
def test_a_path_is_read_from_its_end(path: str, said: str | None) -> None:
    assert of_path(path) == said
